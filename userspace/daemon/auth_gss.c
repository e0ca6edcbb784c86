// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes tokens in the login worker. SPNEGO, Kerberos and NTLM are implemented by the library:
 * MIT Kerberos with its plugin gss-ntlmssp.
 *
 * Locking: @lock protects the pointer to the present credentials and their reference counts; the
 * last user frees them. The caller ensures that a context is used by one thread at a time.
 * @users_lock protects the library's file of local users from the moment it contains a user until
 * it is empty again. The library also reads that file without the lock, but only for users that
 * are not in our file, so it finds no match.
 */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>

#include "auth_advice.h"
#include "auth_gss.h"
#include "auth_ntlm.h"
#include "fd_path.h"
#include "mem.h"
#include "pac.h"
#include "worker_msg.h"

/* RFC 4178, RFC 4121, MS-NLMP section 1.9, and the OID that requests the session key. */
static gss_OID_desc spnego = { 6, "\x2b\x06\x01\x05\x05\x02" };
static gss_OID_desc kerberos = { 9, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02" };
static gss_OID_desc ntlm = { 10, "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a" };
static gss_OID_desc session_key = { 11, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x05\x05" };

/* Start of NTLM messages that are not inside SPNEGO (MS-NLMP section 2.2.1). */
static const u8 ntlm_signature[8] = "NTLMSSP";

/* Attribute of names: the buffer of the PAC with the SIDs (MS-PAC section 2.5). */
#define LOGON_INFO	"urn:mspac:logon-info"
/* gss-ntlmssp reports this text for anonymous clients, and for nothing else. */
#define NTLM_ANONYMOUS	"Feature not supported"
/* Last token of SPNEGO: NegTokenResp with accept-completed (RFC 4178 section 4.2.2). */
static const u8 accept_completed[] = { 0xa1, 0x07, 0x30, 0x05, 0xa0, 0x03, 0x0a, 0x01, 0x00 };

/**
 * struct credentials - credentials of the acceptor
 * @users: reference count
 * @spnego: for tokens in SPNEGO
 * @ntlm: for NTLM tokens without SPNEGO
 * @kerberos: for Kerberos tokens without SPNEGO
 * @has_kerberos: the keytab has a key
 * @has_ntlm: the NTLM plugin is installed
 */
struct credentials {
	unsigned int users;
	gss_cred_id_t spnego;
	gss_cred_id_t ntlm;
	gss_cred_id_t kerberos;
	bool has_kerberos;
	bool has_ntlm;
};

/**
 * struct gss_acceptor - the acceptor
 * @lock: see above
 * @now: the present credentials
 * @users_lock: see above
 * @users: descriptor that the library opens for local users
 * @empty: file without users
 */
struct gss_acceptor {
	pthread_mutex_t lock;
	struct credentials *now;
	pthread_mutex_t users_lock;
	int users;
	int empty;
};

static gss_cred_id_t gss_acquire(gss_OID mech)
{
	gss_OID_set_desc mechs = { 1, mech };
	gss_cred_id_t cred = GSS_C_NO_CREDENTIAL;
	OM_uint32 minor;

	if (GSS_ERROR(gss_acquire_cred(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &mechs,
				       GSS_C_ACCEPT, &cred, NULL, NULL)))
		return GSS_C_NO_CREDENTIAL;
	return cred;
}

static void gss_release(gss_cred_id_t *cred)
{
	OM_uint32 minor;

	gss_release_cred(&minor, cred);
}

/*
 * Return true if there is a Kerberos key. The library reads the keys anew for each client, but
 * checks only here whether there are any.
 */
static bool have_keytab(void)
{
	gss_cred_id_t cred = gss_acquire(&kerberos);
	bool have = cred != GSS_C_NO_CREDENTIAL;

	gss_release(&cred);
	return have;
}

static struct credentials *credentials_new(bool has_kerberos)
{
	struct credentials *c = mem_new(sizeof(*c));
	gss_OID_desc mechs[2];
	gss_OID_set_desc set = { 0, mechs };
	OM_uint32 minor;

	c->users = 1;
	c->ntlm = gss_acquire(&ntlm);
	c->has_ntlm = c->ntlm != GSS_C_NO_CREDENTIAL;
	c->has_kerberos = has_kerberos;
	if (has_kerberos)
		c->kerberos = gss_acquire(&kerberos);
	if (c->has_kerberos)
		mechs[set.count++] = kerberos;
	if (c->has_ntlm)
		mechs[set.count++] = ntlm;
	if (set.count)
		c->spnego = gss_acquire(&spnego);
	if (c->spnego != GSS_C_NO_CREDENTIAL &&
	    GSS_ERROR(gss_set_neg_mechs(&minor, c->spnego, &set)))
		gss_release(&c->spnego);
	return c;
}

static void credentials_put_locked(struct credentials *c)
{
	if (!c || --c->users)
		return;
	gss_release(&c->spnego);
	gss_release(&c->ntlm);
	gss_release(&c->kerberos);
	free(c);
}

/* Get a reference to the present credentials. */
static struct credentials *credentials_get(struct gss_acceptor *acc)
{
	struct credentials *c;

	pthread_mutex_lock(&acc->lock);
	c = acc->now;
	c->users++;
	pthread_mutex_unlock(&acc->lock);
	return c;
}

static void credentials_put(struct gss_acceptor *acc, struct credentials *c)
{
	pthread_mutex_lock(&acc->lock);
	credentials_put_locked(c);
	pthread_mutex_unlock(&acc->lock);
}

struct gss_acceptor *gss_acceptor_new(int users)
{
	struct gss_acceptor *acc = mem_new(sizeof(*acc));
	char name[FD_PATH_MAX];

	/* Accept nothing older than NTLMv2. */
	setenv("LM_COMPAT_LEVEL", "5", 0);
	setenv("NTLM_USER_FILE", fd_path(users, name), 1);
	pthread_mutex_init(&acc->lock, NULL);
	pthread_mutex_init(&acc->users_lock, NULL);
	acc->users = users;
	acc->empty = memfd_create("ditto-no-user", MFD_CLOEXEC);
	if (acc->empty < 0 || dup2(acc->empty, users) < 0) {
		free(acc);
		return NULL;
	}
	acc->now = credentials_new(have_keytab());
	return acc;
}

bool gss_look(struct gss_acceptor *acc)
{
	bool has_kerberos = have_keytab();
	bool changed;

	pthread_mutex_lock(&acc->lock);
	changed = has_kerberos != acc->now->has_kerberos;
	if (changed) {
		credentials_put_locked(acc->now);
		acc->now = credentials_new(has_kerberos);
	}
	pthread_mutex_unlock(&acc->lock);
	return changed;
}

void gss_forget(gss_ctx_id_t *context)
{
	OM_uint32 minor;

	gss_delete_sec_context(&minor, context, GSS_C_NO_BUFFER);
}

/* Copy a buffer of the library to our memory, and release it. */
static u8 *take_buffer(gss_buffer_t buffer, size_t *len)
{
	OM_uint32 minor;
	u8 *copy = NULL;

	*len = 0;
	if (buffer->length) {
		copy = mem_new(buffer->length);
		memcpy(copy, buffer->value, buffer->length);
		*len = buffer->length;
	}
	gss_release_buffer(&minor, buffer);
	return copy;
}

u8 *gss_hello(struct gss_acceptor *acc, size_t *len, u64 *mechs)
{
	struct credentials *c = credentials_get(acc);
	gss_buffer_desc empty = GSS_C_EMPTY_BUFFER;
	gss_buffer_desc hello = GSS_C_EMPTY_BUFFER;
	gss_ctx_id_t context = GSS_C_NO_CONTEXT;
	OM_uint32 minor;

	/* The acceptor replies to an empty token with its mechanisms. */
	if (c->spnego != GSS_C_NO_CREDENTIAL)
		gss_accept_sec_context(&minor, &context, c->spnego, &empty,
				       GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, &hello, NULL, NULL,
				       NULL);
	gss_forget(&context);
	*mechs = (c->has_kerberos ? WORKER_KERBEROS : 0) | (c->has_ntlm ? WORKER_NTLM : 0);
	credentials_put(acc, c);
	return take_buffer(&hello, len);
}

/**
 * struct proof - results of the library for one token
 * @first: the token is the first one
 * @minor: minor status
 * @flags: flags of the context
 * @lifetime: remaining lifetime in seconds
 * @name: name of the client
 * @shown: the user is in the file of local users
 * @later: nobody else can be asked about the user now
 * @said: the names that an NTLM client claims; not proved
 */
struct proof {
	bool first;
	OM_uint32 minor;
	OM_uint32 flags;
	OM_uint32 lifetime;
	gss_name_t name;
	bool shown;
	bool later;
	struct ntlm_names said;
};

static void add_status(struct why *why, OM_uint32 status, int type, gss_OID mech)
{
	gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
	size_t used = strlen(why->text);
	OM_uint32 minor, more = 0;

	if (!GSS_ERROR(gss_display_status(&minor, status, type, mech, &more, &text)) &&
	    used < sizeof(why->text))
		snprintf(why->text + used, sizeof(why->text) - used, "%s%.*s", used ? ": " : "",
			 (int)text.length, (const char *)text.value);
	gss_release_buffer(&minor, &text);
}

/*
 * The errors of the library are often unhelpful: for a wrong password it reports "Invalid
 * argument".
 */
static void gss_explain(struct why *why, OM_uint32 major, const struct proof *proof, gss_OID mech)
{
	OM_uint32 minor = proof->minor;

	why->text[0] = '\0';
	if (proof->said.user[0])
		why_not(why, "user '%s' of '%s' %s", proof->said.user, proof->said.domain,
			proof->shown ? "with a wrong password" :
				       "is no local user, and winbind does not accept the login");
	if ((major & 0xffff0000) != GSS_S_FAILURE)
		add_status(why, major, GSS_C_GSS_CODE, mech);
	if (minor)
		add_status(why, minor, GSS_C_MECH_CODE, mech);
	auth_advice_add(minor, why);
	if (!why->text[0])
		why_not(why, "no reason is given");
}

/*
 * Copy a text of the library. Returns false if it does not fit, or contains a NUL before its end.
 */
static bool copy_text(char *out, size_t size, const gss_buffer_desc *text)
{
	const char *value = text->value;
	size_t len = text->length;

	if (len && !value[len - 1])
		len--;
	if (len >= size || memchr(value, 0, len))
		return false;
	memcpy(out, value, len);
	out[len] = '\0';
	return true;
}

static bool read_name(struct gss_peer *peer, gss_name_t name)
{
	gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
	gss_OID type = GSS_C_NO_OID;
	OM_uint32 minor;
	bool good;

	good = !GSS_ERROR(gss_display_name(&minor, name, &text, &type)) &&
	       copy_text(peer->name, sizeof(peer->name), &text);
	if (good && (!peer->name[0] || (type && gss_oid_equal(type, GSS_C_NT_ANONYMOUS))))
		peer->way = GSS_WAY_ANONYMOUS;
	gss_release_buffer(&minor, &text);
	return good;
}

static bool read_key(struct gss_peer *peer, gss_ctx_id_t context)
{
	gss_buffer_set_t set = GSS_C_NO_BUFFER_SET;
	OM_uint32 minor;
	bool good;

	good = !GSS_ERROR(gss_inquire_sec_context_by_oid(&minor, context, &session_key, &set)) &&
	       set && set->count && set->elements[0].length &&
	       set->elements[0].length <= sizeof(peer->key);
	if (good) {
		peer->key_len = set->elements[0].length;
		memcpy(peer->key, set->elements[0].value, peer->key_len);
		explicit_bzero(set->elements[0].value, peer->key_len);
	}
	gss_release_buffer_set(&minor, &set);
	return good;
}

/*
 * Read the SIDs of the PAC, if the ticket has one. The library gives the attribute only if the PAC
 * has the signature of the server's key, and names the client of the ticket: krb5_pac_verify(3).
 */
static enum gss_outcome read_pac(struct gss_peer *peer, gss_name_t name, struct why *why)
{
	gss_buffer_desc attribute = { sizeof(LOGON_INFO) - 1, (void *)LOGON_INFO };
	gss_buffer_desc value = GSS_C_EMPTY_BUFFER, shown = GSS_C_EMPTY_BUFFER;
	int authenticated = 0, complete = 0, more = -1;
	enum gss_outcome outcome = GSS_PROVED;
	OM_uint32 minor;

	if (!GSS_ERROR(gss_get_name_attribute(&minor, name, &attribute, &authenticated, &complete,
					      &value, &shown, &more)) && authenticated &&
	    pac_sids(value.value, value.length, &peer->vouched, why))
		outcome = GSS_REFUSED;
	gss_release_buffer(&minor, &value);
	gss_release_buffer(&minor, &shown);
	return outcome;
}

/* Fill @peer from the established context. */
static enum gss_outcome read_peer(struct gss_peer *peer, gss_ctx_id_t context,
				  const struct proof *proof, struct why *why)
{
	gss_OID mech = GSS_C_NO_OID;
	OM_uint32 minor;

	memset(peer, 0, sizeof(*peer));
	/* Query the context, because inside SPNEGO its mechanism is not SPNEGO. */
	if (GSS_ERROR(gss_inquire_context(&minor, context, NULL, NULL, NULL, &mech, NULL, NULL,
					  NULL)) || !mech) {
		why_not(why, "the library does not return the mechanism");
		return GSS_REFUSED;
	}
	peer->way = gss_oid_equal(mech, &ntlm) ? GSS_WAY_NTLM : GSS_WAY_KERBEROS;
	peer->expires = AUTH_NEVER;
	if (proof->lifetime != GSS_C_INDEFINITE)
		peer->expires = (u64)time(NULL) + proof->lifetime;
	if (!proof->name || !read_name(peer, proof->name)) {
		why_not(why, "the library does not return the name");
		return GSS_REFUSED;
	}
	if (proof->flags & GSS_C_ANON_FLAG)
		peer->way = GSS_WAY_ANONYMOUS;
	if (peer->way == GSS_WAY_ANONYMOUS)
		return GSS_PROVED;
	if (!read_key(peer, context)) {
		why_not(why, "%s has no session key", peer->name);
		return GSS_REFUSED;
	}
	return peer->way == GSS_WAY_KERBEROS ? read_pac(peer, proof->name, why) : GSS_PROVED;
}

static bool is_raw_ntlm(const struct auth_step *step)
{
	return step->token_len >= sizeof(ntlm_signature) &&
	       !memcmp(step->token, ntlm_signature, sizeof(ntlm_signature));
}

/* Was the client refused only because it gave no name? */
static bool is_anonymous(OM_uint32 major, OM_uint32 minor, gss_OID mech)
{
	struct why words = { "" };

	if ((major & 0xffff0000) != GSS_S_FAILURE || !minor)
		return false;
	add_status(&words, minor, GSS_C_MECH_CODE, mech);
	return !strcmp(words.text, NTLM_ANONYMOUS);
}

static void drop_reply(struct auth_step *step)
{
	free(step->reply);
	step->reply = NULL;
	step->reply_len = 0;
}

static void let_in_anonymous(struct auth_step *step, struct gss_peer *peer)
{
	memset(peer, 0, sizeof(*peer));
	peer->way = GSS_WAY_ANONYMOUS;
	peer->expires = AUTH_NEVER;
	drop_reply(step);
	if (is_raw_ntlm(step))
		return;
	step->reply = mem_new(sizeof(accept_completed));
	memcpy(step->reply, accept_completed, sizeof(accept_completed));
	step->reply_len = sizeof(accept_completed);
}

/* Pass a token to the library; @in is the token of @step, possibly padded. */
static OM_uint32 accept_token(gss_ctx_id_t *context, gss_cred_id_t cred, gss_buffer_t in,
			      struct auth_step *step, struct proof *proof)
{
	gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
	OM_uint32 major;

	major = gss_accept_sec_context(&proof->minor, context, cred, in,
				       GSS_C_NO_CHANNEL_BINDINGS, &proof->name, NULL, &out,
				       &proof->flags, &proof->lifetime, NULL);
	step->reply = take_buffer(&out, &step->reply_len);
	return major;
}

/* Pass a later token, and make the user's password line available if the token needs it. */
static OM_uint32 accept_user(struct gss_acceptor *acc, gss_ctx_id_t *context, gss_cred_id_t cred,
			     const struct gss_users *users, struct auth_step *step,
			     struct proof *proof)
{
	gss_buffer_desc in = { step->token_len, (void *)step->token };
	OM_uint32 major;
	int line = -1;

	/* No directory is asked about nobody, so such a login has not to wait for one. */
	if (ntlm_names_read(step->token, step->token_len, &proof->said) &&
	    !ntlm_is_anonymous(step->token, step->token_len))
		line = users->find(users->arg, &proof->said);
	proof->later = line == GSS_USER_LATER;
	if (proof->later)
		return GSS_S_FAILURE;
	if (line < 0)
		return accept_token(context, cred, &in, step, proof);
	proof->shown = true;
	pthread_mutex_lock(&acc->users_lock);
	dup2(line, acc->users);
	close(line);
	major = accept_token(context, cred, &in, step, proof);
	dup2(acc->empty, acc->users);
	pthread_mutex_unlock(&acc->users_lock);
	return major;
}

/* Pass the first token. */
static OM_uint32 accept_first(gss_ctx_id_t *context, gss_cred_id_t cred, struct auth_step *step,
			      struct proof *proof)
{
	gss_buffer_desc in = { step->token_len, (void *)step->token };
	u8 padded[NTLM_PADDED_SIZE];
	size_t len;

	len = ntlm_first_pad(step->token, step->token_len, padded);
	if (len) {
		in.value = padded;
		in.length = len;
	}
	return accept_token(context, cred, &in, step, proof);
}

/* Fill in the principal that the client asked for. */
static void read_target(gss_ctx_id_t context, struct auth_context *to)
{
	gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
	gss_name_t name = GSS_C_NO_NAME;
	OM_uint32 minor;

	if (!GSS_ERROR(gss_inquire_context(&minor, context, NULL, &name, NULL, NULL, NULL, NULL,
					   NULL)) && name &&
	    (GSS_ERROR(gss_display_name(&minor, name, &text, NULL)) ||
	     !copy_text(to->target, sizeof(to->target), &text)))
		to->target[0] = '\0';
	gss_release_buffer(&minor, &text);
	gss_release_name(&minor, &name);
}

/*
 * Read which server an NTLM client says it wants, and check that it wants no other channel, after
 * the library has accepted its proof. The library does not show the first, and checks the second
 * only against bindings of our own, but there is no channel around SMB.
 */
static bool ntlm_check_target(struct auth_step *step, struct why *why)
{
	struct ntlm_target target;

	if (!ntlm_target_read(step->token, step->token_len, &target))
		return true;
	memcpy(step->context.target, target.name, sizeof(target.name));
	return !target.bound ||
	       why_not(why, "the proof of the password is for a connection over TLS");
}

static enum gss_outcome gss_step_check(OM_uint32 major, gss_ctx_id_t context,
				       struct auth_step *step,
				       struct proof *proof,
				       struct gss_peer *peer, struct why *why)
{
	gss_OID mech = is_raw_ntlm(step) ? &ntlm : &spnego;
	enum gss_outcome outcome;

	if (!GSS_ERROR(major)) {
		outcome = major & GSS_S_CONTINUE_NEEDED ? GSS_MORE :
			  read_peer(peer, context, proof, why);
		/* A token of Kerberos may have bytes that look like a message of NTLM. */
		if (outcome == GSS_PROVED && peer->way == GSS_WAY_KERBEROS)
			read_target(context, &step->context);
		else if (outcome != GSS_REFUSED && !ntlm_check_target(step, why))
			outcome = GSS_REFUSED;
		/* The library has not refused, so its reply would report success. */
		if (outcome == GSS_REFUSED)
			drop_reply(step);
		return outcome;
	}
	if (!proof->first && is_anonymous(major, proof->minor, mech)) {
		let_in_anonymous(step, peer);
		return GSS_PROVED;
	}
	gss_explain(why, major, proof, mech);
	snprintf(step->user, sizeof(step->user), "%s", proof->said.user);
	return GSS_ERROR(major) == GSS_S_DEFECTIVE_TOKEN ? GSS_MALFORMED : GSS_REFUSED;
}

enum gss_outcome gss_take(struct gss_acceptor *acc, gss_ctx_id_t *context,
			  const struct gss_users *users, struct auth_step *step,
			  struct gss_peer *peer, struct why *why)
{
	struct credentials *c = credentials_get(acc);
	struct proof proof = { .name = GSS_C_NO_NAME, .first = !*context };
	bool raw = is_raw_ntlm(step);
	gss_cred_id_t cred = raw ? c->ntlm : c->spnego;
	enum gss_outcome outcome;
	OM_uint32 major, minor;

	if (cred == GSS_C_NO_CREDENTIAL) {
		/* Without a credential the library would use any that it finds. */
		why_not(why, raw ? "gss-ntlmssp is not installed" :
			"there is neither a keytab nor gss-ntlmssp");
		outcome = GSS_REFUSED;
	} else if (!proof.first && ntlm_is_malformed(step->token, step->token_len)) {
		why_not(why, "the message with the proof of its password is malformed");
		outcome = GSS_MALFORMED;
	} else {
		major = proof.first ? accept_first(context, cred, step, &proof) :
				      accept_user(acc, context, cred, users, step, &proof);
		outcome = proof.later ? GSS_NO_ANSWER :
			  gss_step_check(major, *context, step, &proof, peer, why);
	}
	if (proof.later)
		why_not(why, "winbind does not answer about others, and user '%s' of '%s' waits",
			proof.said.user, proof.said.domain);
	gss_release_name(&minor, &proof.name);
	credentials_put(acc, c);
	return outcome;
}

/* Copy what the kernel needs of an established context, which is deleted. */
static bool gss_export(gss_ctx_id_t *context, struct auth_step *step, struct gss_peer *peer,
		       struct why *why)
{
	gss_krb5_lucid_context_v1_t *parts = NULL;
	const gss_krb5_lucid_key_t *key;
	struct proof proof = { 0 };
	OM_uint32 major, minor;
	bool good;

	major = gss_krb5_export_lucid_sec_context(&proof.minor, context, 1, (void **)&parts);
	if (GSS_ERROR(major)) {
		gss_explain(why, major, &proof, &kerberos);
		return false;
	}
	/* Contexts of RFC 1964 have a key of DES or RC4, which the kernel does not know. */
	step->context.subkey = parts->protocol && parts->cfx_kd.have_acceptor_subkey;
	key = !parts->protocol ? &parts->rfc1964_kd.ctx_key :
	      step->context.subkey ? &parts->cfx_kd.acceptor_subkey : &parts->cfx_kd.ctx_key;
	step->context.enctype = key->type;
	step->context.seq = parts->send_seq;
	peer->expires = parts->endtime;
	good = key->length && key->length <= sizeof(peer->key);
	if (good) {
		peer->key_len = key->length;
		memcpy(peer->key, key->data, key->length);
	} else {
		why_not(why, "%s has no session key", peer->name);
	}
	gss_krb5_free_lucid_sec_context(&minor, parts);
	return good;
}

enum gss_outcome gss_accept(struct gss_acceptor *acc, gss_ctx_id_t *context,
			    struct auth_step *step, struct gss_peer *peer, struct why *why)
{
	struct credentials *c = credentials_get(acc);
	gss_buffer_desc in = { step->token_len, (void *)step->token };
	struct proof proof = { .name = GSS_C_NO_NAME, .first = true };
	enum gss_outcome outcome = GSS_REFUSED;
	OM_uint32 major, minor;

	if (c->kerberos == GSS_C_NO_CREDENTIAL) {
		why_not(why, "the keytab has no key: add one of nfs/HOST");
		goto put;
	}
	major = accept_token(context, c->kerberos, &in, step, &proof);
	if (GSS_ERROR(major)) {
		gss_explain(why, major, &proof, &kerberos);
		if (GSS_ERROR(major) == GSS_S_DEFECTIVE_TOKEN)
			outcome = GSS_MALFORMED;
	} else if (major & GSS_S_CONTINUE_NEEDED) {
		why_not(why, "the client wants more than one token");
	} else if (!proof.name || !read_name(peer, proof.name)) {
		why_not(why, "the library does not return the name");
	} else {
		peer->way = GSS_WAY_KERBEROS;
		read_target(*context, &step->context);
		if (gss_export(context, step, peer, why))
			outcome = read_pac(peer, proof.name, why);
	}
	gss_release_name(&minor, &proof.name);
put:
	credentials_put(acc, c);
	return outcome;
}
