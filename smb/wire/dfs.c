// SPDX-License-Identifier: GPL-2.0-only
/* DFS paths, and the responses to referral requests: MS-DFSC sections 2.2.4, 2.2.5 and 3.2.5.5. */
#include <linux/string.h>

#include "../../fs/node/casefold.h"
#include "../../fs/op/shortname.h"
#include "dfs.h"
#include "name.h"

/* ReferralHeaderFlags, ServerType and ReferralEntryFlags */
#define DSMB_REFERRAL_SERVERS		BIT(0)
#define DSMB_REFERRAL_STORAGE		BIT(1)
#define DSMB_REFERRAL_ROOT		1
#define DSMB_REFERRAL_SET_BOUNDARY	BIT(2)
/* Bytes of an entry before its strings. */
#define DSMB_REFERRAL_V1_SIZE		8
#define DSMB_REFERRAL_V2_SIZE		22
#define DSMB_REFERRAL_V3_SIZE		34
/* TimeToLive in seconds. */
#define DSMB_REFERRAL_ROOT_TTL		300
#define DSMB_REFERRAL_LINK_TTL		1800

static u32 component_len(const char *path, u32 len)
{
	const char *end = memchr(path, '/', len);

	return end ? end - path : len;
}

static bool has_shortname(const struct ditto_name *own, const struct ditto_name *sent)
{
	char buf[DITTO_SHORT_MAX];
	struct ditto_name as = { .name = buf };

	if (ditto_is_shortname(own))
		return false;
	as.len = ditto_shortname(own, buf);
	return ditto_names_same(&as, sent);
}

static bool link_covers(const struct ditto_share_link *link, const struct dsmb_path *dfs,
			bool short_names)
{
	const char *own = link->path, *path = dfs->path;
	u32 len = dfs->len;

	for (;;) {
		const struct ditto_name a = { .name = own, .len = strcspn(own, "/") };
		const struct ditto_name b = { .name = path, .len = component_len(path, len) };

		if (dfs->posix ? a.len != b.len || memcmp(own, path, a.len) :
				 !ditto_names_same(&a, &b) &&
					!(short_names && has_shortname(&a, &b)))
			return false;
		if (!own[a.len])
			return true;
		if (b.len == len)
			return false;
		own += a.len + 1;
		path += b.len + 1;
		len -= b.len + 1;
	}
}

/*
 * Find the link that a path leads to, or through. Return: the link, valid as long as @links; or
 * NULL.
 */
const struct ditto_share_link *dsmb_dfs_find_link(const struct ditto_links *links,
						  const struct dsmb_path *path, bool short_names)
{
	for (unsigned int i = 0; i < links->count; i++)
		if (link_covers(&links->link[i], path, short_names))
			return &links->link[i];
	return NULL;
}

/* Offset of the separator behind a component; clients with the POSIX extensions may send '/'. */
static u32 component_end(const struct dsmb_cursor *path, u32 pos)
{
	for (; pos + 2 <= path->size; pos += 2) {
		u16 unit = get_unaligned_le16(path->data + pos);

		if (unit == '\\' || unit == '/')
			break;
	}
	return pos;
}

/*
 * Cut server and share off a DFS path. @path: "server\share" or "server\share\path", of whole
 * units; cut to "path", and rewound. The server may be an address of IPv6, and is whatever the
 * client calls this one. Return: false if one of them is missing or empty.
 */
bool dsmb_dfs_split(struct dsmb_cursor *path, struct dsmb_cursor *share)
{
	u32 server = component_end(path, 0), end, rest;

	if (!server || server == path->size)
		return false;
	end = component_end(path, server + 2);
	rest = min(end + 2, path->size);
	*share = dsmb_window(path, server + 2, end - server - 2);
	*path = dsmb_window(path, rest, path->size - rest);
	return share->size;
}

static void encode_path(struct dsmb_builder *out, const struct dsmb_referral *referral)
{
	dsmb_encode_bytes(out, referral->path.data, referral->path.size);
	dsmb_encode_u16(out, 0);
}

/* A name in a path has no colons, so an address of IPv6 is written in the form of Windows. */
static void encode_server(struct dsmb_builder *out, const char *server)
{
	static const char literal[] = ".ipv6-literal.net";

	if (!strchr(server, ':')) {
		dsmb_encode_string(out, server, strlen(server));
		return;
	}
	for (; *server; server++)
		dsmb_encode_u16(out, *server == ':' ? '-' : *server);
	dsmb_encode_string(out, literal, strlen(literal));
}

static void encode_target(struct dsmb_builder *out, const struct dsmb_referral *referral,
			  unsigned int i)
{
	const struct ditto_link_target *target;

	if (!referral->link) {
		encode_path(out, referral);
		return;
	}
	target = &referral->link->target[i];
	dsmb_encode_u16(out, '\\');
	encode_server(out, target->server);
	dsmb_encode_u16(out, '\\');
	dsmb_encode_path(out, target->path, strlen(target->path));
	dsmb_encode_u16(out, 0);
}

/* An entry has its strings within it. */
static void encode_v1(struct dsmb_builder *out, const struct dsmb_referral *referral,
		      unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		u32 at = out->len;

		dsmb_encode_u16(out, 1);
		dsmb_encode_u16(out, 0);
		dsmb_encode_u16(out, referral->link ? 0 : DSMB_REFERRAL_ROOT);
		dsmb_encode_u16(out, 0);
		encode_target(out, referral, i);
		dsmb_fill_u16(out, at + 2, out->len - at);
	}
}

/* Strings follow all entries; offsets to them count from the beginning of an entry. */
static void encode_v2_to_v4(struct dsmb_builder *out, const struct dsmb_referral *referral,
			    unsigned int count)
{
	bool is_v2 = referral->version == 2;
	u32 size = is_v2 ? DSMB_REFERRAL_V2_SIZE : DSMB_REFERRAL_V3_SIZE, first = out->len;
	u32 offsets = is_v2 ? DSMB_REFERRAL_V2_SIZE - 6 : 12;

	for (unsigned int i = 0; i < count; i++) {
		u32 at = out->len;

		dsmb_encode_u16(out, referral->version);
		dsmb_encode_u16(out, size);
		dsmb_encode_u16(out, referral->link ? 0 : DSMB_REFERRAL_ROOT);
		dsmb_encode_u16(out, referral->version == 4 && !i ? DSMB_REFERRAL_SET_BOUNDARY : 0);
		if (is_v2)
			dsmb_encode_u32(out, 0);
		dsmb_encode_u32(out, referral->link ? DSMB_REFERRAL_LINK_TTL :
						      DSMB_REFERRAL_ROOT_TTL);
		dsmb_builder_reserve(out, size - (out->len - at));
	}
	for (unsigned int i = 0; i < count; i++) {
		u32 at = first + i * size;

		/*
		 * There is no other form of the path, such as one with 8.3 names. Microsoft's
		 * client library wants three strings behind each other for every entry.
		 */
		dsmb_fill_u16(out, at + offsets, out->len - at);
		encode_path(out, referral);
		dsmb_fill_u16(out, at + offsets + 2, out->len - at);
		encode_path(out, referral);
		dsmb_fill_u16(out, at + offsets + 4, out->len - at);
		encode_target(out, referral, i);
	}
	/* The limits of paths and targets let it fit into offsets of 16 bits. */
	if (out->len > U16_MAX)
		out->full = true;
}

/* Encode a RESP_GET_DFS_REFERRAL. */
void dsmb_referral_encode(struct dsmb_builder *out, const struct dsmb_referral *referral)
{
	unsigned int count = referral->link ? referral->link->count : 1;
	u32 flags = 0;

	if (!referral->link || referral->interlink || referral->version == 1)
		flags |= DSMB_REFERRAL_SERVERS;
	if (!referral->interlink || referral->version == 1)
		flags |= DSMB_REFERRAL_STORAGE;
	dsmb_encode_u16(out, referral->path.size);
	dsmb_encode_u16(out, count);
	dsmb_encode_u32(out, flags);
	if (referral->version == 1)
		encode_v1(out, referral, count);
	else
		encode_v2_to_v4(out, referral, count);
}
