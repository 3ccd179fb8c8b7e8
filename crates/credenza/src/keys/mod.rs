//! Keys at rest: files that are written whole or not at all, readable by their owner alone.

pub mod authority;
pub mod did_signer;
pub mod file;
pub mod identity;
pub mod named;
pub mod passphrase;
pub mod sealing;
pub mod service_key;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Why a file with a secret can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system says no.
    #[error("{path}: {error}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Other users of the machine can read it.
    #[error("{0} can be read by every user of this machine; run: chmod 600 {0}")]
    Exposed(PathBuf),
}

impl FileError {
    fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |error| Self::Io { path: path.to_owned(), error }
    }
}

/// Writes a file that only its owner may read. After a crash there is the old file or the new one, never a part.
///
/// # Errors
/// [`FileError::Io`].
pub fn write_private(path: &Path, content: &[u8]) -> Result<(), FileError> {
    replace(path, content, 0o600)
}

/// Writes a file that everybody may read, with the same promise.
///
/// # Errors
/// [`FileError::Io`].
pub fn write_public(path: &Path, content: &[u8]) -> Result<(), FileError> {
    replace(path, content, 0o644)
}

/// Writes a file that only its owner may read, and that is not there yet.
///
/// # Errors
/// [`FileError::Io`], also when there is one of that name.
pub fn create_private(path: &Path, content: &[u8]) -> Result<(), FileError> {
    create(path, content, 0o600)
}

/// Writes a file that everybody may read, and that is not there yet.
///
/// # Errors
/// [`FileError::Io`], also when there is one of that name.
pub fn create_public(path: &Path, content: &[u8]) -> Result<(), FileError> {
    create(path, content, 0o644)
}

fn create(path: &Path, content: &[u8], mode: u32) -> Result<(), FileError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(mode);
    }
    let _ = mode;
    let mut file = options.open(path).map_err(FileError::at(path))?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a file would be in the way of the next try.
        let _ = fs::remove_file(path);
    }
    written.map_err(FileError::at(path))
}

/// Reads a file that only its owner (and at most the group) may read.
///
/// # Errors
/// [`FileError::Io`], or [`FileError::Exposed`] when others may read it.
pub fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, FileError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path).map_err(FileError::at(path))?.permissions().mode();
        if mode & 0o007 != 0 {
            return Err(FileError::Exposed(path.to_owned()));
        }
    }
    fs::read(path).map(Zeroizing::new).map_err(FileError::at(path))
}

/// Makes a folder, with its parents, that only its owner may enter.
///
/// # Errors
/// [`FileError::Io`].
pub fn private_folder(path: &Path) -> Result<(), FileError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path).map_err(FileError::at(path))
}

fn replace(path: &Path, content: &[u8], mode: u32) -> Result<(), FileError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let temporary = folder.join(name);
    let write = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            // What a crash has left may have other rights.
            let _ = fs::remove_file(&temporary);
            options.mode(mode);
        }
        let mut file = options.open(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        // The rename itself is on the disk when the folder is.
        File::open(folder)?.sync_all()
    };
    let _ = mode;
    write().map_err(FileError::at(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_private_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        write_private(&path, b"one").unwrap();
        write_private(&path, b"two").unwrap();
        assert_eq!(read_private(&path).unwrap().as_slice(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
    }

    #[cfg(unix)]
    #[test]
    fn others_must_not_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        write_private(&path, b"x").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(read_private(&path), Err(FileError::Exposed(_))));
        write_private(&path, b"y").unwrap();
        assert!(read_private(&path).is_ok(), "writing it anew closes it");
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        create_private(&path, b"one").unwrap();
        assert!(create_private(&path, b"two").is_err());
        assert!(create_public(&path, b"two").is_err());
        assert_eq!(read_private(&path).unwrap().as_slice(), b"one");
    }

    #[test]
    fn a_missing_file_is_named() {
        let missing = Path::new("/nonexistent/secret");
        assert!(read_private(missing).unwrap_err().to_string().contains("/nonexistent/secret"));
        assert!(write_private(missing, b"").is_err());
    }
}
