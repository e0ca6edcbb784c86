// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kerberos in the login worker, by MIT's library: as a mechanism of SPNEGO, and for RPCSEC_GSS.
 *
 * Locking: @lock protects the pointer to the present credentials and their reference counts; the
 * last user frees them. The caller ensures that a context is used by one thread at a time.
 */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>

#include "auth_advice.h"
#include "auth_gss.h"
#include "mem.h"
#include "pac.h"
#include "spnego.h"

/* RFC 4121 and MS-SPNG section 3.1.5.2, and the OID that requests the session key. */
static gss_OID_desc mechs[] = {
	{ 9, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02" },
	{ 9, "\x2a\x86\x48\x82\xf7\x12\x01\x02\x02" },
};

static gss_OID_desc session_key = { 11, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x05\x05" };

/* Attribute of names: the buffer of the PAC with the SIDs (MS-PAC section 2.5). */
#define LOGON_INFO	"urn:mspac:logon-info"

/**
 * struct credentials - credentials of the acceptor
 * @users: reference count
 * @cred: GSS_C_NO_CREDENTIAL if the keytab has no key
 */
struct credentials {
	unsigned int users;
	gss_cred_id_t cred;
};

/**
 * struct gss_acceptor - the acceptor
 * @lock: see above
 * @now: the present credentials
 */
struct gss_acceptor {
	pthread_mutex_t lock;
	struct credentials *now;
};

/**
 * struct gss_exchange - a client that logs in over SMB
 * @context: context of the library
 * @flags: flags of the context
 */
struct gss_exchange {
	gss_ctx_id_t context;
	OM_uint32 flags;
};

/*
 * The library reads the keys anew for each client, but checks only here whether there are any.
 */
static struct credentials *credentials_new(void)
{
	struct credentials *c = mem_new(sizeof(*c));
	gss_OID_set_desc set = { ARRAY_SIZE(mechs), mechs };
	OM_uint32 minor;

	c->users = 1;
	if (GSS_ERROR(gss_acquire_cred(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &set, GSS_C_ACCEPT,
				       &c->cred, NULL, NULL)))
		c->cred = GSS_C_NO_CREDENTIAL;
	return c;
}

static void credentials_put_locked(struct credentials *c)
{
	OM_uint32 minor;

	if (--c->users)
		return;
	gss_release_cred(&minor, &c->cred);
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

struct gss_acceptor *gss_acceptor_new(void)
{
	struct gss_acceptor *acc = mem_new(sizeof(*acc));

	pthread_mutex_init(&acc->lock, NULL);
	acc->now = credentials_new();
	return acc;
}

bool gss_has_keys(struct gss_acceptor *acc)
{
	bool has;

	pthread_mutex_lock(&acc->lock);
	has = acc->now->cred != GSS_C_NO_CREDENTIAL;
	pthread_mutex_unlock(&acc->lock);
	return has;
}

bool gss_look(struct gss_acceptor *acc)
{
	struct credentials *c = credentials_new();
	bool changed;

	pthread_mutex_lock(&acc->lock);
	changed = (c->cred == GSS_C_NO_CREDENTIAL) != (acc->now->cred == GSS_C_NO_CREDENTIAL);
	if (changed) {
		credentials_put_locked(acc->now);
		acc->now = c;
	} else {
		credentials_put_locked(c);
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

/**
 * struct proof - results of the library for one token
 * @minor: minor status
 * @flags: flags of the context
 * @lifetime: remaining lifetime in seconds
 * @name: name of the client
 */
struct proof {
	OM_uint32 minor;
	OM_uint32 flags;
	OM_uint32 lifetime;
	gss_name_t name;
};

static void add_status(struct why *why, OM_uint32 status, int type)
{
	gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
	size_t used = strlen(why->text);
	OM_uint32 minor, more = 0;

	if (!GSS_ERROR(gss_display_status(&minor, status, type, &mechs[0], &more, &text)) &&
	    used < sizeof(why->text))
		snprintf(why->text + used, sizeof(why->text) - used, "%s%.*s", used ? ": " : "",
			 (int)text.length, (const char *)text.value);
	gss_release_buffer(&minor, &text);
}

static void gss_explain(struct why *why, OM_uint32 major, OM_uint32 minor)
{
	why->text[0] = '\0';
	if ((major & 0xffff0000) != GSS_S_FAILURE)
		add_status(why, major, GSS_C_GSS_CODE);
	if (minor)
		add_status(why, minor, GSS_C_MECH_CODE);
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

/* Pass a token to the library. */
static OM_uint32 accept_token(gss_ctx_id_t *context, gss_cred_id_t cred, struct auth_step *step,
			      struct proof *proof)
{
	gss_buffer_desc in = { step->token_len, (void *)step->token };
	gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
	OM_uint32 major;

	major = gss_accept_sec_context(&proof->minor, context, cred, &in,
				       GSS_C_NO_CHANNEL_BINDINGS, &proof->name, NULL, &out,
				       &proof->flags, &proof->lifetime, NULL);
	step->reply = take_buffer(&out, &step->reply_len);
	return major;
}

/* Fill @peer from the established context of a client that logs in over SMB. */
static enum gss_outcome read_peer(struct gss_peer *peer, gss_ctx_id_t context,
				  const struct proof *proof, struct why *why)
{
	peer->way = GSS_WAY_KERBEROS;
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
	return read_pac(peer, proof->name, why);
}

static void *kerberos_begin(void *arg)
{
	(void)arg;
	return mem_new(sizeof(struct gss_exchange));
}

static void kerberos_end(void *exchange)
{
	struct gss_exchange *x = exchange;

	gss_forget(&x->context);
	free(x);
}

static enum gss_outcome kerberos_take(void *arg, void *exchange, struct auth_step *step,
				      struct gss_peer *peer, struct why *why)
{
	struct proof proof = { .name = GSS_C_NO_NAME };
	struct credentials *c = credentials_get(arg);
	enum gss_outcome outcome = GSS_REFUSED;
	struct gss_exchange *x = exchange;
	OM_uint32 major, minor;

	if (c->cred == GSS_C_NO_CREDENTIAL) {
		/* Without a credential the library would use any that it finds. */
		why_not(why, "the keytab has no key any more");
		goto put;
	}
	major = accept_token(&x->context, c->cred, step, &proof);
	x->flags = proof.flags;
	if (GSS_ERROR(major)) {
		gss_explain(why, major, proof.minor);
		if (GSS_ERROR(major) == GSS_S_DEFECTIVE_TOKEN)
			outcome = GSS_MALFORMED;
	} else if (major & GSS_S_CONTINUE_NEEDED) {
		outcome = GSS_MORE;
	} else {
		outcome = read_peer(peer, x->context, &proof, why);
		read_target(x->context, &step->context);
		memcpy(step->user, peer->name, sizeof(step->user));
	}
	gss_release_name(&minor, &proof.name);
put:
	credentials_put(arg, c);
	return outcome;
}

static bool kerberos_can_sign(void *exchange)
{
	const struct gss_exchange *x = exchange;

	return x->flags & GSS_C_INTEG_FLAG;
}

static u8 *kerberos_sign(void *exchange, const struct der *data, size_t *len)
{
	gss_buffer_desc in = { data->len, (void *)data->at };
	gss_buffer_desc mic = GSS_C_EMPTY_BUFFER;
	struct gss_exchange *x = exchange;
	OM_uint32 minor;

	*len = 0;
	if (GSS_ERROR(gss_get_mic(&minor, x->context, GSS_C_QOP_DEFAULT, &in, &mic)))
		return NULL;
	return take_buffer(&mic, len);
}

static bool kerberos_verify(void *exchange, const struct der *data, const struct der *mic)
{
	gss_buffer_desc in = { data->len, (void *)data->at };
	gss_buffer_desc given = { mic->len, (void *)mic->at };
	struct gss_exchange *x = exchange;
	OM_uint32 minor;

	return gss_verify_mic(&minor, x->context, &in, &given, NULL) == GSS_S_COMPLETE;
}

const struct spnego_mech_ops gss_kerberos_ops = {
	.begin = kerberos_begin,
	.take = kerberos_take,
	.can_sign = kerberos_can_sign,
	.sign = kerberos_sign,
	.verify = kerberos_verify,
	.end = kerberos_end,
};

/* Copy what the kernel needs of an established context, which is deleted. */
static bool gss_export(gss_ctx_id_t *context, struct auth_step *step, struct gss_peer *peer,
		       struct why *why)
{
	gss_krb5_lucid_context_v1_t *parts = NULL;
	const gss_krb5_lucid_key_t *key;
	OM_uint32 major, minor;
	bool good;

	major = gss_krb5_export_lucid_sec_context(&minor, context, 1, (void **)&parts);
	if (GSS_ERROR(major)) {
		gss_explain(why, major, minor);
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
	struct proof proof = { .name = GSS_C_NO_NAME };
	enum gss_outcome outcome = GSS_REFUSED;
	OM_uint32 major, minor;

	if (c->cred == GSS_C_NO_CREDENTIAL) {
		why_not(why, "the keytab has no key: add one of nfs/HOST");
		goto put;
	}
	major = accept_token(context, c->cred, step, &proof);
	if (GSS_ERROR(major)) {
		gss_explain(why, major, proof.minor);
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
