// SPDX-License-Identifier: GPL-2.0-only
/* Listing and ending of sessions for the administrator, see net/show.h. */
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../../../net/server.h"
#include "../../../../net/show.h"
#include "../../../share/share.h"
#include "../../server.h"
#include "../engine/server.h"
#include "client.h"
#include "session_private.h"

static const char *const dialects[] = { "4.0", "4.1", "4.2" };

/* Copies of the connections' addresses, because a connection may be freed at any time. */
struct places {
	char text[DITTO_SESSION_PLACES][INET6_ADDRSTRLEN + 10];
};

static int session_tell(struct dnfs4_session *session, struct places *places,
			struct ditto_session_show *show)
{
	const struct dnfs4_client *client = session->client;
	struct ditto_session_info info = {
		.id = session->number,
		.user = client->principal.name ?: client->client.name,
		.dialect = dialects[session->minor],
		.since = session->since,
		.opens = ditto_client_live(&client->client, DITTO_CLAIM_OPEN),
		.software = READ_ONCE(client->impl),
	};
	const struct dnfs4_conn *conn;

	if (client->principal.sec == DITTO_SEC_KRB5I)
		info.signing = "krb5i";
	if (client->principal.sec == DITTO_SEC_KRB5P)
		info.encryption = "krb5p";
	spin_lock(&session->lock);
	list_for_each_entry(conn, &session->conns, link) {
		char *text = places->text[info.nplaces];

		if (info.nplaces == DITTO_SESSION_PLACES)
			break;
		strscpy(text, conn->xprt->xpt_remotebuf, sizeof(places->text[0]));
		info.places[info.nplaces++] = text;
	}
	spin_unlock(&session->lock);
	return show->fn(show, &info);
}

/*
 * List the sessions (struct ditto_protocol.sessions). Return: 0, -ENOMEM, or the error of the
 * callback.
 */
int dnfs4_sessions_show(struct ditto_server *srv, struct ditto_session_show *show)
{
	struct dnfs4_server *server = dnfs_server_of(srv->net)->v4;
	struct dnfs4_session *session;
	struct places *places;
	int err = 0;

	places = kmalloc(sizeof(*places), GFP_KERNEL);
	if (!places)
		return -ENOMEM;
	while (!err && dnfs4_sessions_from(server, show->next, &session, 1)) {
		err = session_tell(session, places, show);
		dnfs4_session_put(session);
	}
	kfree(places);
	return err;
}

/* End a session (struct ditto_protocol.session_close). Return: 0 or -ENOENT. */
int dnfs4_session_kill(struct ditto_server *srv, u64 number)
{
	struct dnfs4_server *server = dnfs_server_of(srv->net)->v4;
	struct dnfs4_session *session;
	int err = -ENOENT;

	if (!dnfs4_sessions_from(server, number, &session, 1))
		return err;
	if (session->number == number && dnfs4_session_end(session))
		err = 0;
	dnfs4_session_put(session);
	return err;
}
