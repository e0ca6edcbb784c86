// SPDX-License-Identifier: GPL-2.0-only
/*
 * Permission to read or write by a stateid: from a stateid4 to the lock context and the access
 * mode of an open, a lock or a delegation. Declared in open.h.
 */
#include <linux/fs.h>

#include "../../../../lockd/grace.h"
#include "../../../../net/server.h"
#include "../../../node/node.h"
#include "../../../share/cred.h"
#include "../deleg/delegation.h"
#include "../session/client.h"
#include "../state/open.h"

/*
 * Check that a file is a regular file. Return: NFS4_OK; NFS4ERR_ISDIR; NFS4ERR_SYMLINK (in 4.0 also
 * for special files, RFC 7530 section 16.16.6); NFS4ERR_WRONG_TYPE.
 */
u32 dnfs4_check_regular(const struct dnfs4_compound *cmp, const struct ditto_node *node)
{
	umode_t mode = node->inode->i_mode;

	if (S_ISREG(mode))
		return NFS4_OK;
	if (S_ISDIR(mode))
		return NFS4ERR_ISDIR;
	/* RFC 7530 section 16.16.6: in 4.0 special files have no other status. */
	return S_ISLNK(mode) || !cmp->minor ? NFS4ERR_SYMLINK : NFS4ERR_WRONG_TYPE;
}

/* The same as dnfs4_check_regular() for the current or the saved handle. */
u32 dnfs4_check_data_of(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh)
{
	u32 status;

	if (fh->kind != DNFS4_FH_NODE)
		return NFS4ERR_ISDIR;
	status = dnfs4_check_regular(cmp, fh->target.node);
	if (!status || status == NFS4ERR_ISDIR || cmp->minor)
		return status;
	return NFS4ERR_INVAL;
}

/*
 * Check that the current handle is a regular file. For READ, WRITE, COMMIT, LOCK and others.
 * Return: as dnfs4_check_regular(), except that 4.0 has NFS4ERR_INVAL for all file types other than
 * directories.
 */
u32 dnfs4_check_data(const struct dnfs4_compound *cmp)
{
	return dnfs4_check_data_of(cmp, &cmp->current_fh);
}

/*
 * Fill a struct dnfs4_io for a known open. @open: the open; the caller keeps it while @io is used.
 * Checks nothing.
 */
void dnfs4_io_of_open(const struct dnfs4_fh *fh, struct dnfs4_open *open, struct dnfs4_io *io)
{
	io->state = NULL;
	io->op = fh->target.op;
	io->actor = (struct ditto_actor){
		.client = &open->owner->client->client,
		.owner = open->owner->claimant,
		.lease_owner = open->owner->client->lease_owner,
	};
	io->op.actor = &io->actor;
	io->op.granted = 0;
	if (!uid_eq(READ_ONCE(open->uid), io->op.cred->cred->fsuid))
		return;
	/* The opener may continue, whatever the mode of the file is now. */
	if (READ_ONCE(open->access) & NFS4_SHARE_ACCESS_READ)
		io->op.granted |= DITTO_MAY_READ;
	if (READ_ONCE(open->access) & NFS4_SHARE_ACCESS_WRITE)
		io->op.granted |= DITTO_MAY_WRITE | DITTO_MAY_APPEND;
}

static u32 dnfs4_io_open(struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
			 struct dnfs4_open *open, bool write, struct dnfs4_io *io)
{
	struct dnfs4_state *state = io->state;
	u32 status;

	if (!open || !open->confirmed)
		return NFS4ERR_BAD_STATEID;
	status = dnfs4_open_check_claim(cmp, open);
	if (status)
		return status;
	if (open->node != fh->target.node)
		return NFS4ERR_BAD_STATEID;
	/* RFC 8881 section 9.1.2: an open for writing also allows reading. */
	if (write && !(READ_ONCE(open->access) & NFS4_SHARE_ACCESS_WRITE))
		return NFS4ERR_OPENMODE;
	dnfs4_io_of_open(fh, open, io);
	io->state = state;
	return NFS4_OK;
}

/*
 * A delegation without an open: access is checked by the mode, except for the file's owner. Opens
 * that deny access are the client's own, as no other client has one beside its delegation, and it
 * checks its opens against each other itself (RFC 8881 section 10.4).
 */
static u32 dnfs4_io_delegation(struct dnfs4_compound *cmp, const struct dnfs4_fh *fh, bool write,
			       struct dnfs4_io *io)
{
	u32 status;

	if (dnfs4_delegation_node(io->state) != fh->target.node)
		return NFS4ERR_BAD_STATEID;
	if (write && !dnfs4_delegation_writes(io->state))
		return NFS4ERR_OPENMODE;
	status = dnfs4_delegation_check(cmp, io->state);
	if (status)
		return status;
	io->actor = (struct ditto_actor){
		.client = &io->state->client->client,
		.lease_owner = io->state->client->lease_owner,
		.delegated = true,
	};
	io->op.actor = &io->actor;
	return NFS4_OK;
}

static u32 dnfs4_io_of_state(struct dnfs4_compound *cmp, const struct dnfs4_fh *fh, bool write,
			     struct dnfs4_io *io)
{
	struct dnfs4_lock *lock;

	switch (io->state->ops->kind) {
	case DNFS4_STATE_OPEN:
		return dnfs4_io_open(cmp, fh, dnfs4_open_of(io->state), write, io);
	case DNFS4_STATE_LOCK:
		lock = dnfs4_lock_of(io->state);
		return dnfs4_io_open(cmp, fh, lock->open, write, io);
	default:
		return dnfs4_io_delegation(cmp, fh, write, io);
	}
}

/*
 * Check whether a stateid permits to read or write the current or saved file. Return: as
 * dnfs4_io_begin().
 */
u32 dnfs4_io_begin_of(struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
		      const struct dnfs4_stateid *sid, bool write, struct dnfs4_io *io)
{
	struct dnfs4_stateid saved;
	u32 status;

	io->op = fh->target.op;
	io->state = NULL;
	switch (dnfs4_stateid_special(sid)) {
	case DNFS4_SPECIAL_ANON:
	case DNFS4_SPECIAL_BYPASS:
		/* The caller uses no open of ours. */
		if (ditto_grace_holds(cmp->call->srv->locks, DITTO_CLAIM_OPEN))
			return NFS4ERR_GRACE;
		if (io->op.actor) {
			io->actor = *io->op.actor;
			io->op.actor = &io->actor;
		}
		return NFS4_OK;
	case DNFS4_SPECIAL_CURRENT:
		if (fh == &cmp->current_fh)
			break;
		/* SAVEFH saved the stateid together with the filehandle. */
		if (!cmp->saved_stateid_set ||
		    dnfs4_stateid_special(&cmp->saved_stateid) != DNFS4_SPECIAL_NONE)
			return NFS4ERR_BAD_STATEID;
		saved = cmp->saved_stateid;
		saved.seqid = 0;
		sid = &saved;
		break;
	default:
		break;
	}
	status = dnfs4_state_find(cmp, sid, DNFS4_STATE_IO, &io->state);
	if (status)
		return status;
	status = dnfs4_io_of_state(cmp, fh, write, io);
	if (status)
		dnfs4_io_end(io);
	return status;
}

/*
 * Check whether a stateid permits to read or write the current file. @sid: open, lock or delegation
 * stateid, or a special one; @io: filled on success; the caller ends it with dnfs4_io_end(). A
 * stateid with OPEN4_SHARE_ACCESS_WRITE permits reading, too (RFC 8881 section 9.1.2). Return:
 * NFS4_OK; NFS4ERR_BAD_STATEID if it belongs to another file or client; NFS4ERR_OPENMODE;
 * NFS4ERR_GRACE for special stateids in the grace period; or a status of dnfs4_state_find().
 */
u32 dnfs4_io_begin(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid, bool write,
		   struct dnfs4_io *io)
{
	return dnfs4_io_begin_of(cmp, &cmp->current_fh, sid, write, io);
}

/* Put the state of a struct dnfs4_io. */
void dnfs4_io_end(struct dnfs4_io *io)
{
	if (io->state)
		dnfs4_state_put(io->state);
	io->state = NULL;
}
