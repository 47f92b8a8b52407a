//! Playing frames: the body of a response.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures::Stream;
use tokio::sync::watch;

use crate::{
    bill::Tab,
    frames::{Cutting, Frame, Owed},
    gates::Gates,
    socket::Knife,
};

/// What a running call needs of its server.
pub(crate) struct Stage {
    pub tab: Tab,
    pub gates: Gates,
    pub knife: Knife,
    pub ended: Ended,
    pub cutting: Cutting,
}

/// How many streams ended, and how.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Endings {
    pub complete: u64,
    /// Dropped by the client before the end.
    pub aborted: u64,
}

/// Notes the ending of one stream when it is dropped.
pub(crate) struct Ended {
    pub endings: watch::Sender<Endings>,
    pub complete: bool,
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.endings.send_modify(|endings| {
            if self.complete {
                endings.complete += 1;
            } else {
                endings.aborted += 1;
            }
        });
    }
}

/// The body: sends frames in order and books what they cost *before* the client can see them.
pub(crate) fn play(frames: Vec<Frame>, stage: Stage) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    async_stream::stream! {
        // Moved in as a whole: its parts must live as long as the stream.
        let mut stage = stage;
        for frame in frames {
            match frame {
                Frame::Event { bytes, owed } => {
                    stage.tab.owe(owed);
                    for chunk in stage.cutting.chunks(&bytes) {
                        yield Ok(chunk);
                        // Leaves the chunk to the socket before the next one is made, as a network would.
                        tokio::task::yield_now().await;
                    }
                }
                Frame::Flood(wave) => {
                    let chunks = stage.cutting.chunks(&wave.bytes);
                    for sent in 1..=wave.times {
                        let begin = wave.begin.filter(|_| sent == 1);
                        stage.tab.owe(Owed { begin, output: Some(wave.output_after(sent)) });
                        for chunk in &chunks {
                            yield Ok(chunk.clone());
                            tokio::task::yield_now().await;
                        }
                    }
                }
                Frame::WaitMs(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
                Frame::Gate(name) => stage.gates.pass(&name).await,
                Frame::Cut => {
                    tokio::task::yield_now().await;
                    tokio::task::yield_now().await;
                    stage.ended.complete = true;
                    stage.knife.cut();
                    // The connection is gone; the server drops this body when it notices.
                    std::future::pending::<()>().await;
                }
                Frame::End => break,
            }
        }
        stage.ended.complete = true;
    }
}
