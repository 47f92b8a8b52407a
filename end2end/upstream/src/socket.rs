//! A listener whose connections can be cut from inside a handler, before or in the middle of a response.

use std::{
    io,
    net::{Shutdown, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{extract::connect_info::Connected, serve::IncomingStream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// Accepts connections and keeps a second handle of each socket.
pub(crate) struct CuttableListener(pub TcpListener);

/// A connection.
pub(crate) struct CuttableStream {
    stream: TcpStream,
    knife: Knife,
}

/// Cuts its connection.
#[derive(Clone)]
pub(crate) struct Knife(Option<Arc<std::net::TcpStream>>);

impl Knife {
    /// Closes the connection at once; what was flushed still arrives.
    pub fn cut(&self) {
        if let Some(socket) = &self.0 {
            // Already closed by the other side: just as well.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

fn with_knife(stream: TcpStream) -> io::Result<CuttableStream> {
    let _ = stream.set_nodelay(true);
    let socket = stream.into_std()?;
    let knife = Knife(Some(Arc::new(socket.try_clone()?)));
    Ok(CuttableStream { stream: TcpStream::from_std(socket)?, knife })
}

impl axum::serve::Listener for CuttableListener {
    type Io = CuttableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            match self.0.accept().await {
                Ok((stream, address)) => {
                    if let Ok(stream) = with_knife(stream) {
                        return (stream, address);
                    }
                }
                // Out of file handles, most likely: let others finish first.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, CuttableListener>> for Knife {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Self {
        stream.io().knife.clone()
    }
}

impl AsyncRead for CuttableStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
