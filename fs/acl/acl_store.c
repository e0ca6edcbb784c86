// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stored form of access control lists and audit lists, see acl.h and audit_list.h.
 *
 * The encoding is canonical: only values that ditto_acl_encode() can produce are accepted.
 */

#include <linux/err.h>
#include <linux/module.h>
#include <linux/stat.h>
#include <linux/unaligned.h>

#include "acl.h"

#define ACL_MAGIC	0x4c434144	/* "DACL" */
#define AUDIT_MAGIC	0x4c434153	/* "SACL" */
#define ACL_VERSION	1

/**
 * struct stored_head - header of a stored list
 * @magic: ACL_MAGIC or AUDIT_MAGIC
 * @version: ACL_VERSION
 * @flags: DITTO_ACL_*
 * @mode: permission bits; 0 with an audit list
 * @count: number of entries
 */
struct stored_head {
	__le32 magic;
	__le16 version;
	__le16 flags;
	__le16 mode;
	__le16 count;
} __packed;

/**
 * struct stored_ace - a stored entry, followed by its principal
 * @type: enum ditto_ace_type
 * @who: enum ditto_who
 * @flags: DITTO_ACE_*
 * @len: length of the principal: 4 for an id, the length of a SID, or 0
 * @mask: DITTO_RIGHT_*
 */
struct stored_ace {
	u8 type;
	u8 who;
	u8 flags;
	u8 len;
	__le32 mask;
} __packed;

static_assert(sizeof(struct stored_head) + DITTO_ACES_MAX *
	      (sizeof(struct stored_ace) + DITTO_FOREIGN_MAX) <= DITTO_ACL_STORED_MAX);

static u8 principal_len(const struct ditto_ace *ace)
{
	if (ace->who == DITTO_WHO_UID || ace->who == DITTO_WHO_GID)
		return sizeof(__le32);
	return ace->foreign_len;
}

/* Compute the size of the stored form of a list. Return: size in bytes. */
size_t ditto_acl_stored_size(const struct ditto_acl *acl)
{
	size_t size = sizeof(struct stored_head);
	unsigned int i;

	for (i = 0; i < acl->count; i++)
		size += sizeof(struct stored_ace) + principal_len(&acl->aces[i]);
	return size;
}

static void stored_encode(const struct ditto_acl *acl, u32 magic, umode_t mode, void *bytes)
{
	struct stored_head *head = bytes;
	u8 *at = bytes + sizeof(*head);
	const struct ditto_ace *ace;
	struct stored_ace *stored;
	unsigned int i;

	head->magic = cpu_to_le32(magic);
	head->version = cpu_to_le16(ACL_VERSION);
	head->flags = cpu_to_le16(acl->flags & DITTO_ACL_FLAGS);
	head->mode = cpu_to_le16(mode & 0777);
	head->count = cpu_to_le16(acl->count);
	for (i = 0; i < acl->count; i++) {
		ace = &acl->aces[i];
		stored = (struct stored_ace *)at;
		stored->type = ace->type;
		stored->who = ace->who;
		stored->flags = ace->flags;
		stored->len = principal_len(ace);
		stored->mask = cpu_to_le32(ace->mask);
		at += sizeof(*stored);
		if (ace->who == DITTO_WHO_UID)
			put_unaligned_le32(from_kuid(&init_user_ns, ace->uid), at);
		else if (ace->who == DITTO_WHO_GID)
			put_unaligned_le32(from_kgid(&init_user_ns, ace->gid), at);
		else
			memcpy(at, ace->foreign, ace->foreign_len);
		at += stored->len;
	}
}

/* Write the stored form of a list. @bytes: filled; ditto_acl_stored_size() bytes. */
void ditto_acl_encode(const struct ditto_acl *acl, umode_t mode, void *bytes)
{
	stored_encode(acl, ACL_MAGIC, mode, bytes);
}

/* Write the stored form of an audit list. @bytes: filled; ditto_acl_stored_size() bytes. */
void ditto_audit_list_encode(const struct ditto_acl *list, void *bytes)
{
	stored_encode(list, AUDIT_MAGIC, 0, bytes);
}

/* Parse the entries; the last one must end at @end. */
static bool get_aces(struct ditto_acl *acl, const u8 *at, const u8 *end)
{
	const struct stored_ace *stored;
	struct ditto_ace *ace;
	unsigned int i;

	for (i = 0; i < acl->count; i++) {
		ace = &acl->aces[i];
		stored = (const struct stored_ace *)at;
		if (end - at < sizeof(*stored))
			return false;
		at += sizeof(*stored);
		if (end - at < stored->len)
			return false;
		ace->type = stored->type;
		ace->who = stored->who;
		ace->flags = stored->flags;
		ace->mask = le32_to_cpu(stored->mask);
		if (ace->who == DITTO_WHO_UID || ace->who == DITTO_WHO_GID) {
			if (stored->len != sizeof(__le32))
				return false;
			if (ace->who == DITTO_WHO_UID)
				ace->uid = make_kuid(&init_user_ns, get_unaligned_le32(at));
			else
				ace->gid = make_kgid(&init_user_ns, get_unaligned_le32(at));
		} else {
			if (stored->len > DITTO_FOREIGN_MAX)
				return false;
			ace->foreign_len = stored->len;
			memcpy(ace->foreign, at, stored->len);
		}
		at += stored->len;
	}
	return at == end;
}

static struct ditto_acl *stored_decode(const void *bytes, size_t size, u32 magic, umode_t *mode,
				       int (*check)(const struct ditto_acl *acl, bool is_dir))
{
	const struct stored_head *head = bytes;
	struct ditto_acl *acl;

	if (size < sizeof(*head) || head->magic != cpu_to_le32(magic) ||
	    head->version != cpu_to_le16(ACL_VERSION) ||
	    le16_to_cpu(head->flags) & ~DITTO_ACL_FLAGS ||
	    le16_to_cpu(head->mode) & ~0777 || le16_to_cpu(head->count) > DITTO_ACES_MAX)
		return ERR_PTR(-EUCLEAN);
	acl = ditto_acl_alloc(le16_to_cpu(head->count));
	if (!acl)
		return ERR_PTR(-ENOMEM);
	acl->flags = le16_to_cpu(head->flags);
	*mode = le16_to_cpu(head->mode);
	/* Checked as for a directory, because the file type is not known here. */
	if (!get_aces(acl, bytes + sizeof(*head), bytes + size) || check(acl, true)) {
		ditto_acl_put(acl);
		return ERR_PTR(-EUCLEAN);
	}
	return acl;
}

/*
 * Parse the stored form of a list. @size: size of @bytes. Return: the list, ERR_PTR(-EUCLEAN) if it
 * is invalid, ERR_PTR(-ENOMEM).
 */
struct ditto_acl *ditto_acl_decode(const void *bytes, size_t size, umode_t *mode)
{
	return stored_decode(bytes, size, ACL_MAGIC, mode, ditto_acl_check);
}

/*
 * Parse the stored form of an audit list. @size: size of @bytes. Return: the list,
 * ERR_PTR(-EUCLEAN) if it is invalid, ERR_PTR(-ENOMEM).
 */
struct ditto_acl *ditto_audit_list_decode(const void *bytes, size_t size)
{
	struct ditto_acl *list;
	umode_t mode = 0;

	list = stored_decode(bytes, size, AUDIT_MAGIC, &mode, ditto_audit_list_check);
	if (IS_ERR(list) || !mode)
		return list;
	ditto_acl_put(list);
	return ERR_PTR(-EUCLEAN);
}
