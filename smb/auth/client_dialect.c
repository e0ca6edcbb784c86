// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sessions of each ClientGuid, which have one dialect. MS-SMB2 section 3.3.5.5.3 looks at all
 * connections of the ClientGuid, also those without a session, which anybody can make. A ClientGuid
 * may take another dialect when its last session is gone.
 *
 * Dialect 2.0.2 has no ClientGuid, and clients that leave it zero are not distinguished. Who does
 * not log in as a user keeps nobody else out.
 *
 * Locking: sessions_lock (spinlock), taken inside session->lock, guards the table.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/hashtable.h>
#include <linux/printk.h>
#include <linux/spinlock.h>

#include "../open/lease.h"
#include "../transport/conn.h"
#include "session_setup.h"

static DEFINE_SPINLOCK(sessions_lock);
static DEFINE_HASHTABLE(sessions, 12);

/* Any of the sessions of a ClientGuid; they have the same dialect. */
static struct dsmb_session *session_find(const struct dsmb_server *server, const guid_t *guid)
{
	struct dsmb_session *session;

	lockdep_assert_held(&sessions_lock);
	hash_for_each_possible(sessions, session, by_client, dsmb_guid_hash(guid))
		if (session->server == server && guid_equal(&session->client_guid, guid))
			return session;
	return NULL;
}

/*
 * Count a session for its ClientGuid. @session: authenticated; session->lock is held. Return: false
 * if the ClientGuid has sessions with another dialect.
 */
bool dsmb_client_enter(struct dsmb_session *session)
{
	const guid_t *guid = &session->client_guid;
	const struct dsmb_session *other;
	u16 dialect;

	lockdep_assert_held(&session->lock);
	if (session->dialect == DSMB_DIALECT_202 || guid_is_null(guid) || session->is_guest ||
	    session->is_anonymous)
		return true;
	spin_lock(&sessions_lock);
	other = session_find(session->server, guid);
	dialect = other ? other->dialect : session->dialect;
	if (dialect == session->dialect)
		hash_add(sessions, &session->by_client, dsmb_guid_hash(guid));
	spin_unlock(&sessions_lock);
	if (dialect != session->dialect)
		pr_info_ratelimited("client %pUl cannot log in with dialect %#x: it has sessions with %#x\n",
				    guid, session->dialect, dialect);
	return dialect == session->dialect;
}

/* Undo dsmb_client_enter(). */
void dsmb_client_leave(struct dsmb_session *session)
{
	spin_lock(&sessions_lock);
	hash_del(&session->by_client);
	spin_unlock(&sessions_lock);
}
