// SPDX-License-Identifier: GPL-2.0-only
/*
 * The access check of a session on a share. The share's rules decide which machines may use it.
 * The share's users decide what a user may do. The squash mode decides which credential is
 * used. Guests act as the share's anonymous user, if the share lets guests in.
 *
 * A credential that is replaced while calls may still use it is kept with the tree until the
 * tree is freed.
 *
 * Locking: a tree is renewed under session->lock. Readers need no lock; @acting_user and
 * @generation are published last, with release semantics.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "../../fs/op/check/rights.h"
#include "../../fs/share/cred.h"
#include "../../fs/share/share.h"
#include "../../fs/share/share_users.h"
#include "../../net/helper/auth.h"
#include "../../net/helper/names.h"
#include "../../net/peer.h"
#include "../../net/server.h"
#include "../server.h"
#include "../share_options.h"
#include "../transport/call.h"
#include "../transport/conn.h"
#include "../wire/builder.h"
#include "../wire/name.h"
#include "../wire/status.h"
#include "session.h"
#include "tree.h"
#include "tree_access.h"

/* Name by which each user finds the own home share, unless a share is called so. */
#define HOMES	"homes"

/**
 * struct dsmb_retired - a credential that a tree used before
 * @next: the next older one
 * @cred: held
 */
struct dsmb_retired {
	struct dsmb_retired *next;
	struct ditto_cred *cred;
};

static void ident_of(const struct ditto_auth_user *user, struct ditto_ident *ident)
{
	*ident = (struct ditto_ident) {
		.uid = user->uid,
		.gid = user->gid,
		.ngroups = user->ngroups,
		.groups = user->groups,
		.anonymous = user->guest || user->anonymous,
		.proven = !user->guest && !user->anonymous,
		.token = user->token,
	};
}

/*
 * Copies the current options, without members that may be freed, and returns the access of the
 * user. @own has SMB's own options.
 */
static enum ditto_share_access share_ask(struct ditto_share *share, const struct ditto_ident *ident,
					 const struct ditto_verdict *verdict,
					 struct ditto_share_opts *opts,
					 struct dsmb_share_options *own)
{
	const struct dsmb_share_options *options;
	enum ditto_share_access grant;

	memset(own, 0, sizeof(*own));
	rcu_read_lock();
	*opts = *rcu_dereference(share->opts);
	options = dsmb_share_options(opts);
	if (options)
		*own = *options;
	else
		opts->unserved |= BIT(dsmb_protocol.bit);
	if (ident->anonymous)
		grant = opts->guest ?
			ditto_share_users_find(opts, ditto_share_anon_uid(opts, verdict),
					       ditto_share_anon_gid(opts, verdict), 0, NULL,
					       &ditto_token_nobody) : DITTO_SHARE_ACCESS_NONE;
	else
		grant = ditto_share_users_find(opts, ident->uid, ident->gid, ident->ngroups,
					       ident->groups, ident->token);
	rcu_read_unlock();
	ditto_share_opts_disown(opts);
	return grant;
}

/* Says why a session of this kind is refused, and what helps. */
static const char *login_advice(u32 login)
{
	switch (login) {
	case DITTO_LOGIN_BY_KERBEROS:
		return "its auth takes no logins by Kerberos: add kerberos to it";
	case DITTO_LOGIN_BY_NTLM:
		return "its auth takes no logins by NTLM: use Kerberos by name, or add ntlm";
	case DITTO_LOGIN_AS_GUEST:
		return "its auth takes no guests: add guest to it";
	default:
		return "its auth takes some logins only, and dittod told no kind: update it";
	}
}

static bool login_is_taken(const struct dsmb_share_options *own, u32 login)
{
	return own->auth & login || own->auth == DITTO_LOGIN_ALL;
}

/* Return: a status; FILE_NOT_AVAILABLE if an answer of the helper is missing. */
static noinline_for_stack u32 access_check(struct dsmb_session *session, struct ditto_peer *peer,
					   struct ditto_share *share,
					   struct ditto_names_park *park,
					   struct dsmb_access *access)
{
	struct dsmb_share_options own;
	struct ditto_share_opts opts;
	struct ditto_verdict verdict;
	struct ditto_ident ident;
	enum ditto_share_access grant;
	int err;

	access->why = "the share's rules do not let this address in";
	err = ditto_rules_admit(share, peer, DITTO_RULES_ASK_WAIT, park, &verdict);
	if (err)
		return err == -EACCES ? STATUS_ACCESS_DENIED : dsmb_status(err);
	access->acting_user = dsmb_session_acting_user(session);
	access->login = dsmb_session_login(session);
	ident_of(access->acting_user, &ident);
	ident.from = &peer->addr;
	ident.park = park;
	grant = share_ask(share, &ident, &verdict, &opts, &own);
	access->why =
		"its option protocols does not name smb, or has one unknown to this ditto_smb.ko";
	if (opts.unserved & BIT(dsmb_protocol.bit))
		return STATUS_ACCESS_DENIED;
	access->why = login_advice(access->login);
	if (!login_is_taken(&own, access->login))
		return STATUS_ACCESS_DENIED;
	access->why = ident.anonymous ? "the share lets no guest in" :
		      "the share gives this user no permission";
	if (grant == DITTO_SHARE_ACCESS_NONE)
		return STATUS_ACCESS_DENIED;
	ident.admin = ditto_share_access_is_admin(grant, &ident, &verdict);

	access->cred = ditto_cred_get(session->server->srv, &opts, &verdict, &ident);
	if (IS_ERR(access->cred))
		return dsmb_status(PTR_ERR(access->cred));
	/*
	 * Calls cannot wait for the SIDs of a squashed user or a guest when a list names some, so
	 * they are asked for now. A park that has waited too long goes on without them.
	 */
	if (!access->cred->token &&
	    ditto_names_token_prefetch(session->server->srv, access->cred->uid, &peer->addr,
				       park) == -EJUKEBOX && (park->waits || !park->done)) {
		ditto_cred_put(access->cred);
		return STATUS_FILE_NOT_AVAILABLE;
	}
	access->generation = opts.generation;
	access->writable = verdict.level == DITTO_ACCESS_WRITE &&
			   grant >= DITTO_SHARE_ACCESS_WRITE && !opts.read_only;
	access->maximal = access->writable ? DITTO_RIGHTS_ALL :
			  DITTO_RIGHTS_ALL & ~DITTO_RIGHTS_CHANGE;
	access->encrypt = own.encrypt;
	access->compress = own.compress;
	access->continuous = own.continuous;
	return STATUS_SUCCESS;
}

/*
 * Check the access of a session to a share. @call: the call that needs it, which is parked while
 * the helper does not know names and groups; NULL not to wait for them. The share's rules decide
 * about the machine, the share's users about the user. Context: but does not wait for the helper.
 * Return: a status; FILE_NOT_AVAILABLE if an answer is missing, and is late or @call is NULL; or
 * DSMB_PARKED.
 */
u32 dsmb_access_find(struct dsmb_session *session, struct ditto_peer *peer,
		     struct ditto_share *share, struct dsmb_call *call,
		     struct dsmb_access *access)
{
	/* Mostly nothing is missing, and there is nothing to wait for. */
	struct ditto_names_park asks = { .asker = peer->addr };
	struct ditto_names_park *park;
	u32 status;

	if (!call || !call->names) {
		status = access_check(session, peer, share, &asks, access);
		if (status != STATUS_FILE_NOT_AVAILABLE || !call)
			return status;
	}
	park = dsmb_call_names_park(call);
	if (!park)
		return STATUS_INSUFFICIENT_RESOURCES;
	status = access_check(session, peer, share, park, access);
	/* Access that was found waits for nothing. */
	return dsmb_call_names_end(call) ?: status;
}

/* The machine of one of the session's connections, held; NULL if it has none any more. */
static struct ditto_peer *session_peer(struct dsmb_session *session)
{
	struct dsmb_channel *channel;
	struct ditto_peer *peer = NULL;

	mutex_lock(&session->lock);
	channel = list_first_entry_or_null(&session->channels, struct dsmb_channel, list);
	if (channel)
		peer = ditto_peer_hold(channel->conn->peer);
	mutex_unlock(&session->lock);
	return peer;
}

/*
 * Tell whether the user of a session may use a share. Context: but does not wait for the helper: a
 * share with rules that only the helper can decide may be used once it has answered. Return:
 * whether he may connect to it.
 */
bool dsmb_session_reaches(struct dsmb_session *session, struct ditto_share *share)
{
	enum ditto_share_access grant = DITTO_SHARE_ACCESS_NONE;
	struct dsmb_share_options own;
	struct ditto_share_opts opts;
	struct ditto_verdict verdict;
	struct ditto_ident ident;
	struct ditto_peer *peer;
	u32 login;

	/* Pairs with dsmb_session_validate(): the user is visible. */
	if (smp_load_acquire(&session->state) == DSMB_SESSION_SETUP_GOING_ON)
		return false;
	/* There may be as many homes as users. */
	if (uid_valid(share->home_uid) &&
	    !uid_eq(share->home_uid, dsmb_session_acting_user(session)->uid))
		return false;
	peer = session_peer(session);
	if (!peer)
		return false;
	ident_of(dsmb_session_acting_user(session), &ident);
	ident.from = &peer->addr;
	login = dsmb_session_login(session);
	if (!ditto_rules_admit(share, peer, DITTO_RULES_ASK, NULL, &verdict))
		grant = share_ask(share, &ident, &verdict, &opts, &own);
	if (grant != DITTO_SHARE_ACCESS_NONE &&
	    (opts.unserved & BIT(dsmb_protocol.bit) || !login_is_taken(&own, login)))
		grant = DITTO_SHARE_ACCESS_NONE;
	ditto_peer_put(peer);
	return grant != DITTO_SHARE_ACCESS_NONE;
}

static bool groups_are_same(const struct group_info *a, const struct group_info *b)
{
	return a->ngroups == b->ngroups &&
	       !memcmp(a->gid, b->gid, array_size(a->ngroups, sizeof(a->gid[0])));
}

static bool cred_is_same(const struct ditto_cred *a, const struct ditto_cred *b)
{
	return a == b || (uid_eq(a->uid, b->uid) && gid_eq(a->gid, b->gid) &&
			  a->admin == b->admin && a->anonymous == b->anonymous &&
			  a->guest == b->guest && ditto_token_eq(a->token, b->token) &&
			  groups_are_same(a->cred->group_info, b->cred->group_info));
}

/*
 * Uses an earlier credential again if it is the same, so that repeated changes do not
 * accumulate credentials.
 */
static bool cred_again(struct dsmb_tree *tree, struct ditto_cred *cred)
{
	for (struct dsmb_retired *retired = tree->retired; retired; retired = retired->next) {
		struct ditto_cred *old = retired->cred;

		if (!cred_is_same(old, cred))
			continue;
		retired->cred = tree->cred;
		WRITE_ONCE(tree->cred, old);
		return true;
	}
	return false;
}

/* Replaces the credential of a tree. Consumes @cred on success. */
static int cred_renew(struct dsmb_tree *tree, struct ditto_cred *cred)
{
	struct dsmb_retired *retired;

	/* Most changes of options do not change the credential, so it can stay. */
	if (tree->cred && (cred_is_same(tree->cred, cred) || cred_again(tree, cred))) {
		ditto_cred_put(cred);
		return 0;
	}
	if (tree->cred) {
		retired = kmalloc(sizeof(*retired), GFP_KERNEL);
		if (!retired)
			return -ENOMEM;
		retired->cred = tree->cred;
		retired->next = tree->retired;
		tree->retired = retired;
	}
	WRITE_ONCE(tree->cred, cred);
	return 0;
}

/*
 * Apply the result of an access check to a tree. @access: its @cred is consumed on success.
 * Context: process; may sleep for memory; session->lock is held. Return: 0, or -ENOMEM with nothing
 * changed.
 */
int dsmb_access_renew(struct dsmb_tree *tree, struct dsmb_access *access)
{
	int err;

	lockdep_assert_held(&tree->session->lock);
	err = cred_renew(tree, access->cred);
	if (err)
		return err;
	WRITE_ONCE(tree->writable, access->writable);
	WRITE_ONCE(tree->maximal, access->maximal);
	WRITE_ONCE(tree->encrypt, access->encrypt);
	WRITE_ONCE(tree->compress, access->compress);
	WRITE_ONCE(tree->continuous, access->continuous);
	WRITE_ONCE(tree->login, access->login);
	/* Pairs with tree_is_fresh(): a reader that sees it sees the rest. */
	smp_store_release(&tree->acting_user, access->acting_user);
	/* Pairs with tree_is_fresh(). */
	smp_store_release(&tree->generation, access->generation);
	return 0;
}

/* Drop all credentials of a tree. */
void dsmb_access_drop(struct dsmb_tree *tree)
{
	struct dsmb_retired *retired, *next;

	for (retired = tree->retired; retired; retired = next) {
		next = retired->next;
		ditto_cred_put(retired->cred);
		kfree(retired);
	}
	if (tree->cred)
		ditto_cred_put(tree->cred);
}

/**
 * struct search - case-insensitive search for a share
 * @name: name to search for, in UTF-16
 * @units: length of @name
 * @uid: user of the session, who finds no home but the own one
 * @found: the share's own name
 * @other: room for the names of other shares, in UTF-16
 */
struct search {
	__le16 name[DSMB_NAME_UNITS];
	u32 units;
	kuid_t uid;
	char found[DITTO_SHARE_NAME_MAX + 1];
	__le16 other[DSMB_NAME_UNITS];
};

/* Converts @name to UTF-16. Returns its length, or 0 if it is too long. */
static u32 to_utf16(const char *name, __le16 *out)
{
	struct dsmb_builder b = dsmb_builder(out, DSMB_NAME_UNITS * sizeof(*out));
	u32 bytes = dsmb_encode_string(&b, name, strlen(name));

	return b.full ? 0 : bytes / sizeof(*out);
}

static int search_one(struct ditto_share *share, void *arg)
{
	struct search *search = arg;
	u32 units;

	if (uid_valid(share->home_uid) && !uid_eq(share->home_uid, search->uid))
		return 0;
	/* A share's name may begin with a slash. */
	units = to_utf16(share->name + (share->name[0] == '/'), search->other);
	if (!units || dsmb_is_pattern(search->other, units) ||
	    !dsmb_match(search->other, units, search->name, search->units))
		return 0;
	strscpy(search->found, share->name);
	return 1;
}

/*
 * Find the share that a client names. If no share has exactly this name, case is ignored. "homes"
 * is the home share of the user. Return: the share, held, or NULL.
 */
struct ditto_share *dsmb_share_find(struct dsmb_session *session, const char *name)
{
	struct ditto_server *srv = session->server->srv;
	struct ditto_share *share;
	struct search *search;

	share = ditto_share_get_by_name(srv, name, strlen(name));
	if (share)
		return share;
	search = kmalloc(sizeof(*search), GFP_KERNEL);
	if (!search)
		return NULL;
	search->units = to_utf16(name, search->name);
	search->uid = dsmb_session_acting_user(session)->uid;
	if (search->units && ditto_share_for_each(srv, NULL, search_one, search) == 1)
		share = ditto_share_get_by_name(srv, search->found, strlen(search->found));
	kfree(search);
	if (!share && !strcasecmp(name, HOMES))
		share = ditto_share_get_home(srv, dsmb_session_acting_user(session)->uid);
	return share;
}
