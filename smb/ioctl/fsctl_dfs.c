// SPDX-License-Identifier: GPL-2.0-only
/*
 * Referral requests: MS-DFSC sections 2.2.2, 2.2.3 and 3.2.5.5, MS-SMB2 section 3.3.5.15.2.
 *
 * A share with links is a stand-alone DFS namespace. There are no domains, so that requests for
 * domains and their controllers, which NameListReferral entries would answer, find nothing.
 */
#include "../../fs/share/cred.h"
#include "../../fs/share/share.h"
#include "../../net/server.h"
#include "../auth/session.h"
#include "../auth/tree_access.h"
#include "../transport/call.h"
#include "../transport/conn.h"
#include "../wire/dfs.h"
#include "../wire/name.h"
#include "ioctl.h"

/* Units of the part of a path that may be consumed: server, share, and a link. */
#define DFS_PATH_UNITS	(3 + 2 * DITTO_SHARE_NAME_MAX + DITTO_LINK_PATH_MAX)

static const char *component_end(const char *path)
{
	return path + strcspn(path, "/");
}

/* Find the share of "server/share/path" if the user may connect to it; held. Cuts @path there. */
static struct ditto_share *dfs_share(struct dsmb_ioctl *io, char *path, char **rest)
{
	struct dsmb_session *session = io->call->session;
	struct dsmb_access access;
	struct ditto_share *share;
	char *name, *end;

	end = (char *)component_end(path);
	if (!*end)
		return NULL;
	name = end + 1;
	*end = '\0';
	end = (char *)component_end(name);
	*rest = *end ? end + 1 : end;
	*end = '\0';
	share = *name ? dsmb_share_find(session, name) : NULL;
	if (!share)
		return NULL;
	/* Others do not learn where the links of a share lead. */
	if (ditto_share_has_links(share) &&
	    !dsmb_access_find(session, io->call->conn->peer, share, &access)) {
		ditto_cred_put(access.cred);
		return share;
	}
	ditto_share_put(share);
	return NULL;
}

/* Bytes of the first @count components of a path that begins with a '\'. */
static u32 dfs_consumed(struct dsmb_cursor path, unsigned int count)
{
	while (dsmb_left(&path))
		if (dsmb_get_u16(&path) == '\\' && !count--)
			return path.pos - 2;
	return path.size;
}

/* Is the only target a link's in a share of this server that has links, too? */
static bool link_is_interlink(struct dsmb_ioctl *io, const struct ditto_link *link,
			      const char *server)
{
	const struct ditto_link_target *target = &link->target[0];
	struct ditto_share *share;
	bool has_links;

	if (link->count > 1 || strcasecmp(target->server, server))
		return false;
	share = ditto_share_get_by_name(io->call->conn->server->srv, target->path,
					strcspn(target->path, "/"));
	if (!share)
		return false;
	has_links = ditto_share_has_links(share);
	ditto_share_put(share);
	return has_links;
}

/* @name: in UTF-16, not terminated */
static u32 dfs_refer(struct dsmb_ioctl *io, u16 version, struct dsmb_cursor name)
{
	struct dsmb_referral referral = { .version = min_t(u16, version, DSMB_REFERRAL_VERSION) };
	struct ditto_links *links = NULL;
	unsigned int components = 2;
	struct dsmb_cursor inner;
	struct ditto_share *share;
	struct dsmb_path path;
	char *rest = NULL;

	if (!version || name.size % 2)
		return STATUS_INVALID_PARAMETER;
	if (!ditto_shares_have_links(io->call->conn->server->srv))
		return STATUS_FS_DRIVER_REQUIRED;
	inner = name;
	if (dsmb_get_u16(&inner) != '\\')
		return STATUS_NOT_FOUND;
	inner = dsmb_window(&inner, inner.pos, dsmb_left(&inner));
	if (inner.bad || dsmb_path_parse(&path, inner))
		return STATUS_NOT_FOUND;
	/* Components are counted in the name as it came. */
	share = path.folded ? NULL : dfs_share(io, path.path, &rest);
	if (share)
		links = ditto_share_links(share);
	if (links)
		referral.link = dsmb_dfs_find_link(links, rest, strlen(rest));
	if (referral.link) {
		components++;
		for (const char *p = referral.link->path; *p; p++)
			components += *p == '/';
		referral.interlink = link_is_interlink(io, referral.link, path.path);
	}
	dsmb_path_free(&path);
	if (share)
		ditto_share_put(share);
	if (!links)
		return STATUS_NOT_FOUND;
	referral.path = dsmb_cursor(name.data, dfs_consumed(name, components));
	if (referral.path.size <= 2 * DFS_PATH_UNITS)
		dsmb_referral_encode(&io->out, &referral);
	ditto_links_put(links);
	if (!io->out.len && !io->out.full)
		return STATUS_NOT_FOUND;
	if (!io->out.full)
		return STATUS_SUCCESS;
	/* The client asks again with a larger buffer: MS-DFSC section 3.1.5.4. */
	dsmb_back(&io->out, 0);
	return STATUS_BUFFER_OVERFLOW;
}

/* REQ_GET_DFS_REFERRAL */
u32 dsmb_fsctl_dfs_referrals(struct dsmb_ioctl *io)
{
	u16 version = dsmb_get_u16(&io->in);
	u32 from = io->in.pos;

	/* The name ends with the first zero. */
	while (dsmb_left(&io->in) >= 2)
		if (!dsmb_get_u16(&io->in))
			return dfs_refer(io, version,
					 dsmb_window(&io->in, from, io->in.pos - 2 - from));
	return STATUS_INVALID_PARAMETER;
}

/* REQ_GET_DFS_REFERRAL_EX; the name of the client's site says nothing without sites. */
u32 dsmb_fsctl_dfs_referrals_ex(struct dsmb_ioctl *io)
{
	u16 version = dsmb_get_u16(&io->in), name_len;
	struct dsmb_cursor data, name;
	u32 len;

	/* RequestFlags */
	dsmb_skip(&io->in, 2);
	len = dsmb_get_u32(&io->in);
	data = dsmb_window(&io->in, io->in.pos, len);
	name_len = dsmb_get_u16(&data);
	name = dsmb_window(&data, data.pos, name_len);
	if (name.bad)
		return STATUS_INVALID_PARAMETER;
	/* It may be terminated. */
	while (name.size >= 2 && !(name.size % 2) &&
	       !get_unaligned_le16(name.data + name.size - 2))
		name.size -= 2;
	return dfs_refer(io, version, name);
}
