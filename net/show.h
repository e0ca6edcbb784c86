/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sessions and what they have open, as the administrator sees them. Protocols
 * that have sessions tell about them one by one; none is held longer than that.
 */
#ifndef _DITTO_NET_SHOW_H
#define _DITTO_NET_SHOW_H

#include <linux/types.h>
#include <linux/time64.h>

/* Connections and shares of one session that are told. */
#define DITTO_SESSION_PLACES	32
#define DITTO_SESSION_SHARES	16

/**
 * struct ditto_session_info - a session
 * @id: of its protocol, not 0
 * @user: name, for people; NULL while nobody is known
 * @domain: of the user; NULL without
 * @guest: without an account, or anonymous
 * @places: addresses of its connections, for people
 * @nplaces: of @places
 * @dialect: version of the protocol, for people
 * @signing: how messages are signed; NULL if they need not be
 * @encryption: how messages are encrypted; NULL if they need not be
 * @since: wall clock
 * @shares: how many it uses
 * @share: names of the first of them
 * @opens: how many files it has open
 * @software: what the client says it is; NULL if it does not say
 *
 * Borrowed for the call.
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
};

/**
 * struct ditto_session_show - a dump of sessions
 * @next: tell about those with this id or a higher one, in that order
 * @fn: takes one and sets @next behind it; an error ends the dump for now, and is returned
 */
struct ditto_session_show {
	u64 next;
	int (*fn)(struct ditto_session_show *show, const struct ditto_session_info *info);
};

/* What an open outlives. The values are those of the netlink enum "open-durability". */
enum ditto_lasting {
	DITTO_LASTS_NOT,
	DITTO_LASTS_DURABLE,	/* its connection, until somebody else wants the file */
	DITTO_LASTS_RESILIENT,	/* its connection */
	DITTO_LASTS_PERSISTENT,	/* the server, too */
};

/**
 * struct ditto_open_info - what a session has open
 * @id: of its protocol, not 0
 * @place: of the open in the order of the session's opens
 * @session: id of the session; 0 while it waits for its client to come back, which are told first
 * @user: of the session
 * @share: name of the share; NULL if it was removed
 * @path: from the share's root; NULL when it has no name any more
 * @access: DITTO_OPEN_* bits (lockd/matrix.h) of what it does
 * @deny: the same of what it lets nobody else do
 * @delete_pending: the file goes when it is closed
 * @since: wall clock; 0 if that is not known
 * @waits_s: seconds until it is closed if its client does not come back; 0 if it is there
 * @lasting: what it outlives
 *
 * Borrowed for the call.
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
 * @session: of this session only; 0 for all
 * @next_session: go on with sessions with this id or a higher one
 * @next: and, of the session with just this id, with opens at this place or behind it
 * @fn: takes one and sets @next_session and @next behind it; an error ends the dump for now,
 *	and is returned
 */
struct ditto_open_show {
	u64 session;
	u64 next_session;
	unsigned long next;
	int (*fn)(struct ditto_open_show *show, const struct ditto_open_info *info);
};

/**
 * struct ditto_tree_info - a share as a session uses it
 * @id: of its session, not 0
 * @session: id of the session
 * @user: of the session
 * @share: name of the share
 * @writable: it may be changed
 * @encrypt: messages have to be encrypted
 *
 * Borrowed for the call.
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
 * struct ditto_tree_show - a dump of trees
 * @session: of this session only; 0 for all
 * @next_session: go on with sessions with this id or a higher one
 * @next: and, of the session with just this id, with trees with this id or a higher one
 * @fn: takes one and sets @next_session and @next behind it; an error ends the dump for now,
 *	and is returned
 */
struct ditto_tree_show {
	u64 session;
	u64 next_session;
	unsigned long next;
	int (*fn)(struct ditto_tree_show *show, const struct ditto_tree_info *info);
};

#endif
