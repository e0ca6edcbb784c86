/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections, sessions, opens and share connections, as the administrator sees them. A protocol
 * passes them one by one to a callback; the information is valid only during the call.
 */
#ifndef _DITTO_NET_SHOW_H
#define _DITTO_NET_SHOW_H

#include <linux/types.h>
#include <linux/time64.h>

/* Connections and shares shown of one session. */
#define DITTO_SESSION_PLACES	32
#define DITTO_SESSION_SHARES	16

/**
 * struct ditto_session_info - a session
 * @id: number of the session in its protocol, not 0
 * @user: name of the user for display; NULL before the login
 * @domain: domain of the user, or NULL
 * @guest: guest or anonymous session
 * @places: addresses of its connections for display
 * @nplaces: entries of @places
 * @dialect: version of the protocol for display
 * @signing: signing algorithm; NULL if signing is not required
 * @encryption: encryption algorithm; NULL if encryption is not required
 * @since: wall clock seconds
 * @shares: number of shares in use
 * @share: names of the first DITTO_SESSION_SHARES of them
 * @opens: number of open files
 * @software: software of the client as it reports itself, or NULL
 * @login: DITTO_LOGIN_* bit (net/helper/auth.h); 0 if not known
 *
 * All pointers are valid only during the callback.
 */
struct ditto_session_info {
	u64 id;
	const char *user;
	const char *domain;
	bool guest;
	const char *places[DITTO_SESSION_PLACES];
	unsigned int nplaces;
	const char *dialect;
	const char *signing;
	const char *encryption;
	time64_t since;
	u32 shares;
	const char *share[DITTO_SESSION_SHARES];
	u32 opens;
	const char *software;
	u32 login;
};

/**
 * struct ditto_session_show - a dump of sessions
 * @next: show sessions with this id or a higher one, in ascending order
 * @fn: takes one session and sets @next to the id after it; an error suspends the dump and is
 *	returned
 */
struct ditto_session_show {
	u64 next;
	int (*fn)(struct ditto_session_show *show, const struct ditto_session_info *info);
};

/**
 * struct ditto_conn_info - a connection
 * @id: number of the connection in its protocol, not 0
 * @addr: address and port of the client for display
 * @local: address and port of the server for display
 * @security: protection by the transport for display, such as "tls"; NULL in a protocol that has
 *	no such thing
 * @name: name that the client has proved with a certificate, or NULL
 *
 * All pointers are valid only during the callback.
 */
struct ditto_conn_info {
	u64 id;
	const char *addr;
	const char *local;
	const char *security;
	const char *name;
};

/**
 * struct ditto_conn_show - a dump of connections
 * @next: show connections with this id or a higher one, in ascending order
 * @fn: takes one connection and sets @next to the id after it; an error suspends the dump and is
 *	returned
 */
struct ditto_conn_show {
	u64 next;
	int (*fn)(struct ditto_conn_show *show, const struct ditto_conn_info *info);
};

/* Connections looked up in one walk, because a list without order has to be walked for it. */
#define DITTO_SHOW_BATCH	64

/**
 * struct ditto_show_batch - the connections with the lowest ids
 * @count: number of entries
 * @id: ids of the connections, in ascending order
 * @conn: the connections
 */
struct ditto_show_batch {
	unsigned int count;
	u64 id[DITTO_SHOW_BATCH];
	void *conn[DITTO_SHOW_BATCH];
};

/* Add a connection to a batch, unless all in a full batch have lower ids. Context: any. */
static inline void ditto_show_batch_add(struct ditto_show_batch *batch, u64 id, void *conn)
{
	unsigned int at = batch->count;

	if (at == DITTO_SHOW_BATCH) {
		if (id >= batch->id[at - 1])
			return;
		at--;
	} else {
		batch->count++;
	}
	for (; at && batch->id[at - 1] > id; at--) {
		batch->id[at] = batch->id[at - 1];
		batch->conn[at] = batch->conn[at - 1];
	}
	batch->id[at] = id;
	batch->conn[at] = conn;
}

/* The loss that an open survives. The values match the netlink enum "open-durability". */
enum ditto_lasting {
	DITTO_LASTS_NOT,
	DITTO_LASTS_DURABLE,	/* its connection, until a conflicting open */
	DITTO_LASTS_RESILIENT,	/* its connection */
	DITTO_LASTS_PERSISTENT,	/* the server as well */
};

/**
 * struct ditto_open_info - an open of a session
 * @id: number of the open in its protocol, not 0
 * @place: position in the order of the session's opens
 * @session: id of the session; 0 while the open waits for its client to reconnect; such opens are
 *	shown first
 * @user: user of the session
 * @share: name of the share; NULL if it was removed
 * @path: path from the root of the share; NULL if the file has no name any more
 * @access: DITTO_OPEN_* bits (lockd/matrix.h) of the access granted
 * @deny: DITTO_OPEN_* bits of the access denied to other opens
 * @delete_pending: the file is deleted when it is closed
 * @since: wall clock seconds; 0 if not known
 * @waits_s: seconds until the open is closed unless its client reconnects; 0 if it is connected
 * @lasting: what the open survives
 *
 * All pointers are valid only during the callback.
 */
struct ditto_open_info {
	u64 id;
	unsigned long place;
	u64 session;
	const char *user;
	const char *share;
	const char *path;
	u8 access;
	u8 deny;
	bool delete_pending;
	time64_t since;
	u32 waits_s;
	enum ditto_lasting lasting;
};

/**
 * struct ditto_open_show - a dump of opens
 * @session: show only opens of this session; 0 for all
 * @next_session: continue with sessions with this id or a higher one
 * @next: in the session with exactly this id, continue at this place
 * @fn: takes one open and sets @next_session and @next after it; an error suspends the dump and is
 *	returned
 */
struct ditto_open_show {
	u64 session;
	u64 next_session;
	unsigned long next;
	int (*fn)(struct ditto_open_show *show, const struct ditto_open_info *info);
};

/**
 * struct ditto_tree_info - a connection of a session to a share
 * @id: number within its session, not 0
 * @session: id of the session
 * @user: user of the session
 * @share: name of the share
 * @writable: the share is writable for the session
 * @encrypt: messages must be encrypted
 *
 * All pointers are valid only during the callback.
 */
struct ditto_tree_info {
	u32 id;
	u64 session;
	const char *user;
	const char *share;
	bool writable;
	bool encrypt;
};

/**
 * struct ditto_tree_show - a dump of connections to shares
 * @session: show only connections of this session; 0 for all
 * @next_session: continue with sessions with this id or a higher one
 * @next: in the session with exactly this id, continue with this id or a higher one
 * @fn: takes one connection and sets @next_session and @next after it; an error suspends the dump
 *	and is returned
 */
struct ditto_tree_show {
	u64 session;
	u64 next_session;
	unsigned long next;
	int (*fn)(struct ditto_tree_show *show, const struct ditto_tree_info *info);
};

#endif
