//! Attachments: which tenant knows which bytes.

use domain::Digest;
use domain::attachment::Attachment;
use domain::event::{EventKind, NewEvent};

use super::world::{NOW, World};
use crate::{Fact, Store};

/// The same bytes under another name stay what they were; another tenant knows nothing of them.
pub async fn an_attachment_is_kept_as_its_first_uploader_named_it(store: &Store) {
    let world = World::new(store).await;
    let other = World::of(store, "other").await;
    let sha256 = Digest([9; 32]);
    let first = Attachment { sha256, size: 1 << 40, media_type: "text/plain".into(), name: Some("a.txt".into()) };
    let second = Attachment { media_type: "image/png".into(), name: None, ..first.clone() };
    for attachment in [&first, &second] {
        let event = NewEvent::of(EventKind::AttachmentStored, NOW, attachment);
        world.record(vec![event], vec![Fact::Attachment(attachment.clone())]).await;
    }
    assert_eq!(store.attachment(world.tenant, sha256).await.expect("read"), Some(first));
    assert_eq!(store.attachment(world.tenant, Digest([8; 32])).await.expect("read"), None);
    assert_eq!(store.attachment(other.tenant, sha256).await.expect("read"), None);
}
