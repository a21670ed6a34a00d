use domain::attachment::Attachment;

/// A stored attachment.
pub fn stored(attachment: Attachment) -> crate::StoredAttachment {
    crate::StoredAttachment {
        sha256: attachment.sha256.to_string(),
        size: attachment.size,
        media_type: attachment.media_type,
        name: attachment.name,
    }
}
