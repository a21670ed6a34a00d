use domain::attachment::Attachment;

/// A stored attachment.
pub(crate) fn stored(attachment: Attachment) -> protocol::StoredAttachment {
    protocol::StoredAttachment {
        sha256: attachment.sha256.to_string(),
        size: attachment.size,
        media_type: attachment.media_type,
        name: attachment.name,
    }
}
