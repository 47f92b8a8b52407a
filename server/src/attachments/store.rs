//! Where the bytes are: in the database, or in a directory.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use app::model::{AttachmentId, TenantId};

use crate::{
    db::{TenantScope, Tx, attachment::attachment_content},
    error::{Error, Result},
};

/// Where new files go. What is in the other place stays readable.
#[derive(Clone, Debug, Default)]
pub enum Store {
    #[default]
    Database,
    /// Files `<tenant id>/<attachment id>` in here: no part of a path is anybody's choice.
    Directory(PathBuf),
}

impl Store {
    /// Writes a file to stay, unless the database keeps it: then the bytes come back.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub(super) async fn put(&self, tenant: TenantId, id: AttachmentId, bytes: Vec<u8>) -> Result<Option<Vec<u8>>> {
        let Some(path) = self.path(tenant, id) else { return Ok(Some(bytes)) };
        let written = tokio::task::spawn_blocking(move || write(&path, &bytes)).await.map_err(Error::internal)?;
        written.map_err(|error| Error::Unavailable(format!("an attachment cannot be written: {error}")))?;
        Ok(None)
    }

    /// The bytes of the caller's file.
    ///
    /// # Errors
    /// [`Error::NotFound`]; also when its file is gone, which is logged.
    pub(super) async fn get(&self, scope: &TenantScope, tx: &mut Tx, id: AttachmentId) -> Result<Vec<u8>> {
        if let Some(bytes) = attachment_content(scope, tx, id).await?.ok_or(Error::NotFound)? {
            return Ok(bytes);
        }
        let Some(path) = self.path(scope.tenant(), id) else {
            return Err(Error::Unavailable(
                "an attachment is in a directory that is not configured any more".to_owned(),
            ));
        };
        match tokio::fs::read(&path).await {
            Ok(bytes) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                tracing::error!(attachment = %id, "the file of an attachment is gone");
                Err(Error::NotFound)
            }
            Err(error) => Err(Error::Unavailable(format!("an attachment cannot be read: {error}"))),
        }
    }

    /// Removes a file; one that cannot be removed is logged and left.
    pub(super) async fn remove(&self, tenant: TenantId, id: AttachmentId) {
        let Some(path) = self.path(tenant, id) else { return };
        match tokio::fs::remove_file(&path).await {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(attachment = %id, %error, "the file of an attachment was not removed"),
        }
    }

    fn path(&self, tenant: TenantId, id: AttachmentId) -> Option<PathBuf> {
        match self {
            Self::Database => None,
            Self::Directory(directory) => Some(directory.join(tenant.to_string()).join(id.to_string())),
        }
    }
}

/// Whole or not at all, and on the disk before anything refers to it.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use io::Write as _;
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    let unfinished = path.with_extension("part");
    let mut file = fs::File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    fs::File::open(folder)?.sync_all()
}
