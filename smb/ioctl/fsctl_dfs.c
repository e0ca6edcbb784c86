// SPDX-License-Identifier: GPL-2.0-only
/*
 * Referral requests: MS-DFSC sections 2.2.2, 2.2.3 and 3.2.5.5, MS-SMB2 section 3.3.5.15.2.
 *
 * A share with links is a stand-alone DFS namespace. There are no domains, so that requests for
 * domains and their controllers, which NameListReferral entries would answer, find nothing.
 */
#include "../../fs/op/shortname.h"
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

/*
 * Find a share with links if the user may connect to it, so that others do not learn where its
 * links lead; held on success.
 */
static u32 dfs_share(struct dsmb_ioctl *io, struct dsmb_cursor utf16, struct ditto_share **out)
{
	struct dsmb_session *session = io->call->session;
	char *name = dsmb_get_string(utf16);
	struct dsmb_access access;
	struct ditto_share *share;
	u32 status;

	if (IS_ERR(name))
		return PTR_ERR(name) == -ENOMEM ? STATUS_INSUFFICIENT_RESOURCES : STATUS_NOT_FOUND;
	share = dsmb_share_find(session, name);
	kfree(name);
	if (!share)
		return STATUS_NOT_FOUND;
	status = STATUS_NOT_FOUND;
	if (!ditto_share_has_links(share))
		goto put;
	status = dsmb_access_find(session, io->call->conn->peer, share, io->call, &access);
	if (status) {
		if (status == STATUS_ACCESS_DENIED)
			status = STATUS_NOT_FOUND;
		goto put;
	}
	ditto_cred_put(access.cred);
	/* TREE_CONNECT refuses it for the same reason (MS-SMB2 section 3.3.5.7). */
	if (access.encrypt && !session->seal)
		status = STATUS_ACCESS_DENIED;
put:
	if (status)
		ditto_share_put(share);
	else
		*out = share;
	return status;
}

/* Bytes of the first @count components of a path. */
static u32 dfs_consumed(struct dsmb_cursor path, unsigned int count)
{
	while (dsmb_left(&path))
		if (dsmb_get_u16(&path) == '\\' && !--count)
			return path.pos - 2;
	return path.size;
}

/* Is the only target a link's in a share of this server that has links, too? */
static bool link_is_interlink(struct dsmb_ioctl *io, const struct ditto_share_link *link,
			      struct dsmb_cursor server)
{
	const struct ditto_link_target *target = &link->target[0];
	struct ditto_share *share;
	bool has_links;
	char *name;

	if (link->count > 1)
		return false;
	name = dsmb_get_string(server);
	if (IS_ERR(name))
		return false;
	has_links = !strcasecmp(target->server, name);
	kfree(name);
	if (!has_links)
		return false;
	name = kstrndup(target->path, strcspn(target->path, "/"), GFP_KERNEL);
	share = name ? dsmb_share_find(io->call->session, name) : NULL;
	kfree(name);
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
	struct dsmb_cursor rest = name, server, utf16;
	struct ditto_links *links = NULL;
	unsigned int components = 1;
	struct ditto_share *share;
	struct dsmb_path path;
	u32 status, consumed;
	int err;

	if (!version || name.size % 2 || name.size > U16_MAX)
		return STATUS_INVALID_PARAMETER;
	if (!ditto_shares_have_links(io->call->conn->server->srv))
		return STATUS_FS_DRIVER_REQUIRED;
	if (dsmb_get_u16(&rest) != '\\')
		return STATUS_NOT_FOUND;
	rest = dsmb_window(&rest, 2, dsmb_left(&rest));
	if (rest.bad || !dsmb_dfs_split(&rest, &utf16))
		return STATUS_NOT_FOUND;
	err = dsmb_path_parse(&path, rest);
	if (err)
		return err == -ENOMEM ? STATUS_INSUFFICIENT_RESOURCES : STATUS_NOT_FOUND;
	/* Components are counted in the name as it came. */
	status = path.folded ? STATUS_NOT_FOUND : dfs_share(io, utf16, &share);
	if (status)
		goto free;
	consumed = utf16.data + utf16.size - name.data;
	links = ditto_share_links(share);
	if (links)
		referral.link = dsmb_dfs_find_link(links, &path, ditto_has_shortnames(share));
	if (referral.link) {
		server = dsmb_window(&name, 2, utf16.data - name.data - 4);
		for (const char *p = referral.link->path; *p; p++)
			components += *p == '/';
		referral.interlink = link_is_interlink(io, referral.link, server);
		consumed = rest.data - name.data + dfs_consumed(rest, components);
	}
	ditto_share_put(share);
	status = STATUS_NOT_FOUND;
	if (!links || consumed > 2 * DFS_PATH_UNITS)
		goto free;
	referral.path = dsmb_cursor(name.data, consumed);
	dsmb_referral_encode(&io->out, &referral);
	status = STATUS_SUCCESS;
	if (io->out.full) {
		/* The client asks again with a larger buffer: MS-DFSC section 3.1.5.4. */
		dsmb_back(&io->out, 0);
		status = STATUS_BUFFER_OVERFLOW;
	}
free:
	ditto_links_put(links);
	dsmb_path_free(&path);
	return status;
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
