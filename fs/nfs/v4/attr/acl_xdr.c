// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access control lists to and from nfsace4 (RFC 8881 section 6.2).
 *
 * Types, rights and all flags but GROUP and INHERITED have the same numbers here
 * and on the wire. An entry that cannot be stored unchanged is refused (section
 * 6.2.1.1), always with NFS4ERR_ATTRNOTSUPP.
 */
#include <linux/nfs4.h>
#include <linux/slab.h>
#include <linux/sunrpc/xdr.h>

#include "../engine/compound.h"
#include "acl.h"

/* Flags with the same number in DITTO_ACE_*. */
#define SAME_FLAGS \
	(NFS4_ACE_FILE_INHERIT_ACE | NFS4_ACE_DIRECTORY_INHERIT_ACE | \
	 NFS4_ACE_NO_PROPAGATE_INHERIT_ACE | NFS4_ACE_INHERIT_ONLY_ACE)
#define WIRE_FLAGS	(SAME_FLAGS | NFS4_ACE_IDENTIFIER_GROUP | NFS4_ACE_INHERITED_ACE)
/*
 * There is no retention here, so no principal can change its time. These rights are
 * accepted and ignored (section 6.2.1.3.1).
 */
#define RETENTION	(NFS4_ACE_WRITE_RETENTION | NFS4_ACE_WRITE_RETENTION_HOLD)

static_assert(NFS4_ACE_ACCESS_ALLOWED_ACE_TYPE == DITTO_ACE_ALLOW);
static_assert(NFS4_ACE_ACCESS_DENIED_ACE_TYPE == DITTO_ACE_DENY);
static_assert(NFS4_ACE_FILE_INHERIT_ACE == DITTO_ACE_FILE_INHERIT);
static_assert(NFS4_ACE_DIRECTORY_INHERIT_ACE == DITTO_ACE_DIR_INHERIT);
static_assert(NFS4_ACE_NO_PROPAGATE_INHERIT_ACE == DITTO_ACE_NO_PROPAGATE);
static_assert(NFS4_ACE_INHERIT_ONLY_ACE == DITTO_ACE_INHERIT_ONLY);

/* Flags of a list: na41_flag (section 6.2.2). */
static const struct {
	u32 wire;
	u16 flag;
} list_flags[] = {
	{ NFS4_ACL_AUTO_INHERIT,	DITTO_ACL_AUTO_INHERITED },
	{ NFS4_ACL_PROTECTED,		DITTO_ACL_PROTECTED },
	{ NFS4_ACL_DEFAULTED,		DITTO_ACL_DEFAULTED },
};

/* Stands for a null list, which gives everyone all rights. */
static const struct ditto_ace all_for_everyone = {
	.type = DITTO_ACE_ALLOW,
	.who = DITTO_WHO_EVERYONE,
	.mask = DITTO_RIGHTS_ALL,
};

static int say_aces(const struct dnfs4_compound *cmp, const struct ditto_ace *aces, u32 count,
		    enum dnfs4_acl_attr attr, __be32 **at)
{
	struct dnfs4_who *who = kzalloc(sizeof(*who), GFP_KERNEL);
	__be32 *p = *at;
	const char *text;
	int len = 0;
	u32 flags;

	if (!who)
		return -ENOMEM;
	for (const struct ditto_ace *ace = aces; ace < aces + count; ace++) {
		len = dnfs4_who_name(cmp, ace, who, &text);
		if (len < 0)
			break;
		/* Section 6.2.1.4: INHERITED only in dacl, and IDENTIFIER_GROUP only for groups. */
		flags = ace->flags & SAME_FLAGS;
		if (attr == DNFS4_DACL && (ace->flags & DITTO_ACE_INHERITED))
			flags |= NFS4_ACE_INHERITED_ACE;
		if (ace->who == DITTO_WHO_GID)
			flags |= NFS4_ACE_IDENTIFIER_GROUP;
		*p++ = cpu_to_be32(ace->type);
		*p++ = cpu_to_be32(flags);
		*p++ = cpu_to_be32(ace->mask);
		p = xdr_encode_opaque(p, text, len);
	}
	kfree(who);
	*at = p;
	return min(len, 0);
}

/* Free the buffer of an encoded list. */
void dnfs4_acl_value_free(struct dnfs4_acl_value *value)
{
	/* Most attributes are asked for without a list. */
	if (!value->data)
		return;
	kvfree(value->data);
	memset(value, 0, sizeof(*value));
}

/*
 * Encode a list as the value of an attribute. @value: filled; its buffer is reused if it is large
 * enough; the caller frees it with dnfs4_acl_value_free(). Return: 0, -ENOMEM, or -EJUKEBOX while
 * the helper is asked for a name.
 */
int dnfs4_acl_encode(const struct dnfs4_compound *cmp, const struct ditto_acl *acl,
		     enum dnfs4_acl_attr attr, struct dnfs4_acl_value *value)
{
	bool all = acl->flags & DITTO_ACL_NULL;
	u32 count = all ? 1 : acl->count, flags = 0;
	u32 size = 2 * XDR_UNIT + count * DNFS4_ACE_BYTES_MAX;
	__be32 *p;
	int err;

	if (value->size < size) {
		dnfs4_acl_value_free(value);
		value->data = kvmalloc(size, GFP_KERNEL);
		if (!value->data)
			return -ENOMEM;
		value->size = size;
	}
	p = value->data;
	if (attr == DNFS4_DACL) {
		for (size_t i = 0; i < ARRAY_SIZE(list_flags); i++)
			if (acl->flags & list_flags[i].flag)
				flags |= list_flags[i].wire;
		*p++ = cpu_to_be32(flags);
	}
	*p++ = cpu_to_be32(count);
	err = say_aces(cmp, all ? &all_for_everyone : acl->aces, count, attr, &p);
	value->len = (u8 *)p - (u8 *)value->data;
	return err;
}

static u32 read_ace(struct dnfs4_compound *cmp, enum dnfs4_acl_attr attr, struct ditto_ace *ace)
{
	u32 type, flags, mask, len;
	const char *text;

	if (xdr_stream_decode_u32(cmp->in, &type) < 0 ||
	    xdr_stream_decode_u32(cmp->in, &flags) < 0 ||
	    xdr_stream_decode_u32(cmp->in, &mask) < 0)
		return NFS4ERR_BADXDR;
	if (type > DITTO_ACE_DENY || mask & ~(DITTO_RIGHTS_ALL | RETENTION) ||
	    flags & ~WIRE_FLAGS)
		return NFS4ERR_ATTRNOTSUPP;
	ace->type = type;
	ace->mask = mask & DITTO_RIGHTS_ALL;
	ace->flags = flags & SAME_FLAGS;
	if (attr == DNFS4_DACL && (flags & NFS4_ACE_INHERITED_ACE))
		ace->flags |= DITTO_ACE_INHERITED;
	if (xdr_stream_decode_u32(cmp->in, &len) < 0 || len > DNFS4_OWNER_MAX)
		return NFS4ERR_BADXDR;
	if (!len)
		return NFS4ERR_INVAL;
	text = (const char *)xdr_inline_decode(cmp->in, len);
	if (!text)
		return NFS4ERR_BADXDR;
	return dnfs4_who_read(cmp, text, len, flags & NFS4_ACE_IDENTIFIER_GROUP, ace);
}

/*
 * Decode a list from an attribute's value. @acl: filled, to be put by the caller; NULL after an
 * error. Return: NFS4_OK; NFS4ERR_BADXDR; NFS4ERR_ATTRNOTSUPP (types, flags or rights that cannot
 * be stored); NFS4ERR_NOSPC (more than DITTO_ACES_MAX entries); NFS4ERR_INVAL or NFS4ERR_BADOWNER
 * (principals); NFS4ERR_DELAY (no memory, or the helper is asked for a name).
 */
u32 dnfs4_acl_read(struct dnfs4_compound *cmp, enum dnfs4_acl_attr attr, struct ditto_acl **acl)
{
	struct ditto_acl *list;
	u32 count, status, wire = 0;
	u16 flags = 0;

	*acl = NULL;
	if (attr == DNFS4_DACL && xdr_stream_decode_u32(cmp->in, &wire) < 0)
		return NFS4ERR_BADXDR;
	for (size_t i = 0; i < ARRAY_SIZE(list_flags); i++) {
		if (wire & list_flags[i].wire)
			flags |= list_flags[i].flag;
		wire &= ~list_flags[i].wire;
	}
	if (wire)
		return NFS4ERR_ATTRNOTSUPP;
	if (xdr_stream_decode_u32(cmp->in, &count) < 0 ||
	    count > xdr_stream_remaining(cmp->in) / DNFS4_ACE_BYTES_MIN)
		return NFS4ERR_BADXDR;
	if (count > DITTO_ACES_MAX)
		return NFS4ERR_NOSPC;
	list = ditto_acl_alloc(count);
	if (!list)
		return NFS4ERR_DELAY;
	list->flags = flags;
	for (u32 i = 0; i < count; i++) {
		status = read_ace(cmp, attr, &list->aces[i]);
		if (status) {
			ditto_acl_put(list);
			return status;
		}
	}
	*acl = list;
	return NFS4_OK;
}

/*
 * Check that a list is valid for a kind of file. Section 6.2.1.4.1: only entries of directories can
 * be inherited. Return: NFS4_OK; NFS4ERR_ATTRNOTSUPP (inheritance flags on a file that is not a
 * directory, RFC 8881 section 6.2.1.4.1); NFS4ERR_INVAL.
 */
u32 dnfs4_acl_fits(const struct ditto_acl *acl, bool is_dir)
{
	for (u32 i = 0; i < acl->count; i++)
		if (!is_dir && (acl->aces[i].flags & SAME_FLAGS))
			return NFS4ERR_ATTRNOTSUPP;
	return ditto_acl_check(acl, is_dir) ? NFS4ERR_INVAL : NFS4_OK;
}
