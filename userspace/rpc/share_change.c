// SPDX-License-Identifier: GPL-2.0-only
/* Changes of shares by remote calls, and descriptors of shares; see share_change.h. */

#include <errno.h>
#include <string.h>

#include "identity/sid.h"
#include "nl/share.h"
#include "ditto-nl-gen.h"
#include "share_change.h"

/* MS-DTYP sections 2.4.4, 2.4.5 and 2.4.6. */
#define DESCRIPTOR_LEN		20
#define DESCRIPTOR_DACL_AT	16
#define ACL_LEN			8
#define ACE_LEN			8
#define ACE_INHERIT_ONLY	8
#define CONTROL_DACL		0x0004
#define CONTROL_SELF_RELATIVE	0x8000

const struct sid share_everyone = { .authority = 1, .nsubs = 1 };

static const struct ndr_struct ace_fields = {
	sizeof(struct share_ace),
	NDR_FIELDS(NDR_AT(U32, struct share_ace, type), NDR_AT(U32, struct share_ace, mask),
		   NDR_AT(POINTER, struct share_ace, sid, .of = &ndr_of_sid, .value = 1))
};

#define AT(kind, name, ...)	NDR_AT(kind, struct share_change, name, ##__VA_ARGS__)

static const struct ndr_struct change_fields = {
	sizeof(struct share_change),
	NDR_FIELDS(AT(U32, kind), AT(U32, given), AT(U32, flags), AT(TEXT, name), AT(TEXT, path),
		   AT(TEXT, comment),
		   NDR_COUNTED(struct share_change, aces, .of = &ace_fields, .n = SHARE_ACES_MAX))
};

bool share_change_put(const struct share_change *change, struct ndr_out *out)
{
	ndr_write(out, change_fields.field, change);
	return !out->full;
}

bool share_change_get(struct share_change *change, const u8 *bytes, size_t len,
		      struct mem_chain **chain)
{
	struct ndr_in in;

	memset(change, 0, sizeof(*change));
	ndr_in_init(&in, bytes, len);
	ndr_read(&in, change_fields.field, change, chain);
	return !in.bad && !in.excess && change->kind <= SHARE_CHANGE_DELETE;
}

static u32 bytes_number(const u8 *bytes, unsigned int n)
{
	u32 value = 0;

	while (n--)
		value = value << 8 | bytes[n];
	return value;
}

static u8 *number_put(u8 *to, u32 value, unsigned int n)
{
	for (; n; n--, value >>= 8)
		*to++ = (u8)value;
	return to;
}

static struct share_ace *aces_new(struct ndr_array *aces, u32 n, struct mem_chain **chain)
{
	aces->n = 0;
	aces->item = mem_chain_new(chain, (n + 1) * sizeof(struct share_ace));
	return aces->item;
}

static struct share_ace *aces_add(struct ndr_array *aces, u32 type, u32 mask,
				  struct mem_chain **chain)
{
	struct share_ace *ace = (struct share_ace *)aces->item + aces->n++;

	*ace = (struct share_ace){ type, mask, mem_chain_new(chain, sizeof(*ace->sid)) };
	return ace;
}

int share_descriptor_get(const u8 *bytes, size_t len, struct ndr_array *aces,
			 struct mem_chain **chain)
{
	u32 control, at, size, n, i;
	struct share_ace *ace;

	if (len < DESCRIPTOR_LEN || bytes[0] != 1)
		return -EINVAL;
	control = bytes_number(bytes + 2, 2);
	at = bytes_number(bytes + DESCRIPTOR_DACL_AT, 4);
	if (!(control & CONTROL_SELF_RELATIVE))
		return -EINVAL;
	if (!(control & CONTROL_DACL))
		return -ENODATA;
	if (!at) {
		aces_new(aces, 1, chain);
		*aces_add(aces, ACE_ALLOWED, SHARE_MASK_FULL, chain)->sid = share_everyone;
		return 0;
	}
	if (at > len || len - at < ACL_LEN)
		return -EINVAL;
	bytes += at;
	len -= at;
	size = bytes_number(bytes + 2, 2);
	n = bytes_number(bytes + 4, 2);
	if (size < ACL_LEN || size > len)
		return -EINVAL;
	if (n > SHARE_ACES_MAX)
		return -EOPNOTSUPP;
	len = size - ACL_LEN;
	bytes += ACL_LEN;
	aces_new(aces, n, chain);
	for (i = 0; i < n; i++, bytes += size, len -= size) {
		if (len < ACE_LEN)
			return -EINVAL;
		size = bytes_number(bytes + 2, 2);
		if (size < ACE_LEN || size > len)
			return -EINVAL;
		if (bytes[0] > ACE_DENIED || bytes[1] & ACE_INHERIT_ONLY)
			return -EOPNOTSUPP;
		ace = aces_add(aces, bytes[0], bytes_number(bytes + 4, 4), chain);
		if (!sid_get(ace->sid, bytes + ACE_LEN, size - ACE_LEN))
			return -EINVAL;
	}
	return 0;
}

void share_descriptor_put(const struct ndr_array *aces, struct ndr_array *bytes,
			  struct mem_chain **chain)
{
	static const struct sid owner = {
		.authority = SID_AUTHORITY_NT, .nsubs = 2,
		.sub = { SID_NT_BUILTIN, SID_RID_ADMINISTRATORS },
	};
	const struct share_ace *ace = aces->item;
	size_t owner_len = sid_size(&owner), size = ACL_LEN;
	u8 *to;
	u32 i;

	for (i = 0; i < aces->n; i++)
		size += ACE_LEN + sid_size(ace[i].sid);
	bytes->n = (u32)(DESCRIPTOR_LEN + 2 * owner_len + size);
	to = mem_chain_new(chain, bytes->n);
	bytes->item = to;
	to = number_put(to, 1, 2);
	to = number_put(to, CONTROL_DACL | CONTROL_SELF_RELATIVE, 2);
	to = number_put(to, DESCRIPTOR_LEN, 4);
	to = number_put(to, (u32)(DESCRIPTOR_LEN + owner_len), 4);
	to = number_put(to, 0, 4);
	to = number_put(to, (u32)(DESCRIPTOR_LEN + 2 * owner_len), 4);
	to += sid_put(&owner, to);
	to += sid_put(&owner, to);
	to = number_put(to, 2, 2);
	to = number_put(to, (u32)size, 2);
	to = number_put(to, aces->n, 4);
	for (i = 0; i < aces->n; i++) {
		to = number_put(to, ace[i].type, 2);
		to = number_put(to, (u32)(ACE_LEN + sid_size(ace[i].sid)), 2);
		to = number_put(to, ace[i].mask, 4);
		to += sid_put(ace[i].sid, to);
	}
}

static void aces_add_access(struct ndr_array *aces, u32 access, const struct sid *sid,
			    struct mem_chain **chain)
{
	u32 type = access == DITTO_SHARE_RIGHT_NONE ? ACE_DENIED : ACE_ALLOWED;
	u32 mask = access == DITTO_SHARE_RIGHT_READ ? SHARE_MASK_READ : SHARE_MASK_FULL;

	*aces_add(aces, type, mask, chain)->sid = *sid;
}

/* Denials come first (MS-DTYP section 2.5.3.2). */
void share_aces_of(const struct share *share, struct ndr_array *aces, struct mem_chain **chain)
{
	const struct share_users *users = &share->users;
	unsigned int i, pass;
	struct sid sid;

	aces_new(aces, users->n + 1, chain);
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < users->n; i++) {
			const struct share_user *user = &users->user[i];
			bool denied = user->access == DITTO_SHARE_RIGHT_NONE;

			if (denied == pass)
				continue;
			if (!user->sid_len && user->group)
				sid_of_group(&sid, user->id);
			else if (!user->sid_len)
				sid_of_user(&sid, user->id);
			else if (!sid_get(&sid, user->sid, user->sid_len))
				continue;
			aces_add_access(aces, user->access, &sid, chain);
		}
	}
	if (share->default_access != DITTO_SHARE_RIGHT_NONE)
		aces_add_access(aces, share->default_access, &share_everyone, chain);
}

static bool aces_have(const struct ndr_array *aces, const struct share_ace *one)
{
	const struct share_ace *ace = aces->item;
	u32 i;

	for (i = 0; i < aces->n; i++)
		if (ace[i].type == one->type && ace[i].mask == one->mask &&
		    sid_same(ace[i].sid, one->sid))
			return true;
	return false;
}

static bool aces_have_all(const struct ndr_array *aces, const struct ndr_array *others)
{
	const struct share_ace *ace = others->item;
	u32 i;

	for (i = 0; i < others->n; i++)
		if (!aces_have(aces, &ace[i]))
			return false;
	return true;
}

bool share_aces_same(const struct ndr_array *a, const struct ndr_array *b)
{
	return a->n == b->n && aces_have_all(a, b) && aces_have_all(b, a);
}
