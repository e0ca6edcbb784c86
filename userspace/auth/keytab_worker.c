// SPDX-License-Identifier: GPL-2.0-only
/*
 * The keytab worker: asks the KDC for tickets of the services of the keytab, and decrypts them with
 * the keys that are there. It answers once and exits.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <krb5/krb5.h>

#include "der.h"
#include "fd_path.h"
#include "mem.h"
#include "worker/sandbox.h"
#include "worker/worker.h"
#include "worker/worker_msg.h"

/* Most names of the keytab that are looked at, and most that ask for a first ticket. */
#define KEYS_MAX	64
#define FIRST_MAX	8
/* Lifetime of the first ticket, in seconds. */
#define FIRST_LIFE	300
/* Bytes of a name in messages. */
#define NAME_SIZE	200

#define REMEDY \
	"run \"kadmin -q 'ktadd %s'\", or in Active Directory \"net ads keytab create\""

/**
 * struct key - a name of the keytab
 * @principal: the name
 * @text: the same, for messages
 * @kvno: version of its newest key
 * @refused: the KDC has another one, as the request for a first ticket showed
 */
struct key {
	krb5_principal principal;
	char text[NAME_SIZE];
	krb5_kvno kvno;
	bool refused;
};

/**
 * struct prober - state of the worker
 * @context: of the library
 * @keytab: the keytab
 * @key: its names
 * @nkeys: entries of @key
 * @tickets: has the first ticket
 * @replied: version of the key of the ticket in the KDC's last reply; 0 if there was none
 * @why: why the keys are wrong, or why that is not known
 */
struct prober {
	krb5_context context;
	krb5_keytab keytab;
	struct key key[KEYS_MAX];
	unsigned int nkeys;
	krb5_ccache tickets;
	krb5_kvno replied;
	struct why why;
};

static const char *const services[] = { "nfs", "cifs", "host" };

static bool key_is_used(const struct key *key)
{
	const krb5_data *first = &key->principal->data[0];
	size_t i;

	if (key->principal->length < 2)
		return false;
	for (i = 0; i < ARRAY_SIZE(services); i++)
		if (first->length == strlen(services[i]) &&
		    !strncasecmp(first->data, services[i], first->length))
			return true;
	return false;
}

/* Find the version of the key of the ticket in an AS-REP (RFC 4120 section 5.4.2); 0 if none. */
static krb5_kvno reply_kvno(krb5_context context, const krb5_data *reply)
{
	struct der in = { (const u8 *)reply->data, reply->length }, part;
	struct der_value value;
	krb5_ticket *ticket;
	krb5_data bytes;
	krb5_kvno kvno;

	if (!der_enter(&in, DER_APPLICATION(11), &part) || !der_enter(&part, DER_SEQUENCE, &in))
		return 0;
	do {
		if (!der_get(&in, &value))
			return 0;
	} while (value.tag != DER_CONTEXT(5));
	bytes.length = (unsigned int)value.content.len;
	bytes.data = (char *)value.content.at;
	if (krb5_decode_ticket(&bytes, &ticket))
		return 0;
	kvno = ticket->enc_part.kvno;
	krb5_free_ticket(context, ticket);
	return kvno;
}

static krb5_error_code kdc_replied(krb5_context context, void *data, krb5_error_code code,
				   const krb5_data *realm, const krb5_data *message,
				   const krb5_data *reply, krb5_data **other)
{
	struct prober *p = data;

	(void)realm;
	(void)message;
	(void)other;
	if (!code && reply)
		p->replied = reply_kvno(context, reply);
	return code;
}

static void prober_read_entry(struct prober *p, const krb5_keytab_entry *entry)
{
	struct key *key, swapped;
	unsigned int i;
	char *name;

	for (i = 0; i < p->nkeys; i++) {
		key = &p->key[i];
		if (!krb5_principal_compare(p->context, key->principal, entry->principal))
			continue;
		if (key->kvno < entry->vno)
			key->kvno = entry->vno;
		return;
	}
	if (p->nkeys == KEYS_MAX)
		return;
	key = &p->key[p->nkeys];
	if (krb5_unparse_name(p->context, entry->principal, &name))
		return;
	snprintf(key->text, sizeof(key->text), "%s", name);
	krb5_free_unparsed_name(p->context, name);
	key->kvno = entry->vno;
	if (krb5_copy_principal(p->context, entry->principal, &key->principal))
		return;
	/* The account of the machine, which the KDC knows as a client, comes first. */
	if (key->principal->length == 1) {
		swapped = p->key[0];
		p->key[0] = *key;
		*key = swapped;
	}
	p->nkeys++;
}

static void prober_read(struct prober *p)
{
	krb5_keytab_entry entry;
	krb5_kt_cursor cursor;

	if (krb5_kt_start_seq_get(p->context, p->keytab, &cursor))
		return;
	while (!krb5_kt_next_entry(p->context, p->keytab, &entry, &cursor)) {
		prober_read_entry(p, &entry);
		krb5_free_keytab_entry_contents(p->context, &entry);
	}
	krb5_kt_end_seq_get(p->context, p->keytab, &cursor);
}

/* Returns -EKEYREJECTED. @kdc: the version that the KDC has, or 0 */
static int key_is_wrong(struct prober *p, const struct key *key, krb5_kvno kdc)
{
	if (!kdc)
		why_not(&p->why, "the KDC does not take key version %u of %s: " REMEDY, key->kvno,
			key->text, key->text);
	else if (kdc != key->kvno)
		why_not(&p->why, "key version %u of %s is not what the KDC has (%u): " REMEDY,
			key->kvno, key->text, kdc, key->text);
	else
		why_not(&p->why,
			"key version %u of %s is another one than that of the KDC: " REMEDY, kdc,
			key->text, key->text);
	return -EKEYREJECTED;
}

/* Returns -EAGAIN. */
static int key_is_unproved(struct prober *p, const struct key *key, krb5_error_code code)
{
	const char *text = krb5_get_error_message(p->context, code);

	why_not(&p->why, "not compared with the KDC's keys: %s: %.300s", key->text, text);
	krb5_free_error_message(p->context, text);
	return -EAGAIN;
}

static bool kdc_is_away(krb5_error_code code)
{
	return code == KRB5_KDC_UNREACH || code == KRB5_REALM_CANT_RESOLVE ||
	       code == KRB5_REALM_UNKNOWN;
}

/* The KDC, or this side, could not decrypt what the other side has encrypted. */
static bool keys_differ(krb5_error_code code)
{
	return code == KRB5KDC_ERR_PREAUTH_FAILED || code == KRB5KRB_AP_ERR_BAD_INTEGRITY ||
	       code == KRB5KRB_AP_ERR_MODIFIED;
}

static int prober_keep_ticket(struct prober *p, krb5_creds *creds)
{
	krb5_error_code code;

	code = krb5_cc_new_unique(p->context, "MEMORY", NULL, &p->tickets) ?:
	       krb5_cc_initialize(p->context, p->tickets, creds->client) ?:
	       krb5_cc_store_cred(p->context, p->tickets, creds);
	krb5_free_cred_contents(p->context, creds);
	return code ? -ENOMEM : 0;
}

/*
 * Ask for a ticket for the client itself: the KDC gives it, with the version of the key, to a
 * client that need not prove itself first. Returns 0 if it does not tell the version.
 */
static krb5_kvno prober_ask_version(struct prober *p, const struct key *key)
{
	krb5_creds creds;

	p->replied = 0;
	if (!krb5_get_init_creds_keytab(p->context, &creds, key->principal, p->keytab, 0,
					key->text, NULL))
		krb5_free_cred_contents(p->context, &creds);
	return p->replied;
}

/*
 * Get a first ticket by any key. The KDC may know names of services but not as clients, as in
 * Active Directory, where the account of the machine is the client.
 */
static int prober_get_first(struct prober *p)
{
	krb5_get_init_creds_opt *options = NULL;
	krb5_error_code code;
	int rc = -EAGAIN;
	krb5_creds creds;
	unsigned int i;

	if (krb5_get_init_creds_opt_alloc(p->context, &options))
		return -ENOMEM;
	krb5_get_init_creds_opt_set_tkt_life(options, FIRST_LIFE);
	for (i = 0; i < p->nkeys && i < FIRST_MAX; i++) {
		code = krb5_get_init_creds_keytab(p->context, &creds, p->key[i].principal,
						  p->keytab, 0, NULL, options);
		if (!code) {
			rc = prober_keep_ticket(p, &creds);
			break;
		}
		p->key[i].refused = keys_differ(code);
		/* Only the first refused one is reported. */
		if (rc != -EKEYREJECTED && p->key[i].refused)
			rc = key_is_wrong(p, &p->key[i], prober_ask_version(p, &p->key[i]));
		else if (rc != -EKEYREJECTED)
			rc = key_is_unproved(p, &p->key[i], code);
		if (kdc_is_away(code))
			break;
	}
	krb5_get_init_creds_opt_free(p->context, options);
	return rc;
}

static bool ticket_opens(struct prober *p, const krb5_ticket *ticket, const krb5_keyblock *key)
{
	krb5_data plain = { .length = ticket->enc_part.ciphertext.length };
	krb5_error_code code;

	plain.data = mem_new(plain.length + 1);
	code = krb5_c_decrypt(p->context, key, KRB5_KEYUSAGE_KDC_REP_TICKET, NULL,
			      &ticket->enc_part, &plain);
	explicit_bzero(plain.data, ticket->enc_part.ciphertext.length);
	free(plain.data);
	return !code;
}

static int key_try_ticket(struct prober *p, const struct key *key, const krb5_ticket *ticket)
{
	krb5_kvno kvno = ticket->enc_part.kvno;
	krb5_keytab_entry entry;
	krb5_error_code code;
	char type[64];
	bool opens;

	code = krb5_kt_get_entry(p->context, p->keytab, key->principal, kvno,
				 ticket->enc_part.enctype, &entry);
	if (code == KRB5_KT_KVNONOTFOUND)
		return key_is_wrong(p, key, kvno);
	if (code) {
		if (krb5_enctype_to_name(ticket->enc_part.enctype, false, type, sizeof(type)))
			snprintf(type, sizeof(type), "type %d", ticket->enc_part.enctype);
		why_not(&p->why, "no key of %s for %s, which the KDC uses: " REMEDY, type,
			key->text, key->text);
		return -EKEYREJECTED;
	}
	opens = ticket_opens(p, ticket, &entry.key);
	krb5_free_keytab_entry_contents(p->context, &entry);
	return opens ? 0 : key_is_wrong(p, key, kvno);
}

/* Get a ticket for a service and decrypt it. */
static int prober_try_key(struct prober *p, const struct key *key)
{
	krb5_creds wanted = { .server = key->principal }, *got;
	krb5_ticket *ticket;
	krb5_error_code code;
	int rc;

	if (krb5_cc_get_principal(p->context, p->tickets, &wanted.client))
		return -ENOMEM;
	code = krb5_get_credentials(p->context, 0, p->tickets, &wanted, &got);
	krb5_free_principal(p->context, wanted.client);
	if (code)
		return key_is_unproved(p, key, code);
	code = krb5_decode_ticket(&got->ticket, &ticket);
	krb5_free_creds(p->context, got);
	if (code)
		return key_is_unproved(p, key, code);
	rc = key_try_ticket(p, key, ticket);
	krb5_free_ticket(p->context, ticket);
	return rc;
}

/*
 * Names that the KDC does not know are left over from other times, unless it knows none. Returns 0
 * if the keys are good, also if there are none; -EKEYREJECTED if one is wrong; another negative
 * errno if that is not known.
 */
static int prober_run(struct prober *p)
{
	bool used = false, proved = false;
	unsigned int i;
	int rc;

	for (i = 0; i < p->nkeys; i++)
		used = used || key_is_used(&p->key[i]);
	if (!used)
		return 0;
	rc = prober_get_first(p);
	if (rc)
		return rc;
	for (i = 0; i < p->nkeys; i++) {
		if (!key_is_used(&p->key[i]))
			continue;
		rc = prober_try_key(p, &p->key[i]);
		if (rc && rc != -EKEYREJECTED && p->key[i].refused)
			rc = key_is_wrong(p, &p->key[i], 0);
		if (rc == -EKEYREJECTED)
			return rc;
		proved = proved || !rc;
	}
	return proved ? 0 : -EAGAIN;
}

static void prober_answer(struct prober *p, int rc)
{
	struct worker_msg msg = { .type = WORKER_PROVED, .error = (u64)-rc };

	if (rc)
		snprintf(msg.why, sizeof(msg.why), "%s", p->why.text);
	worker_check(worker_msg_send(WORKER_FD_CONTROL, &msg, -1));
	_exit(0);
}

/* Files may be read, since the libraries for Kerberos and for names have many. */
static void prober_confine(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int rc = null < 0 ? -errno : sandbox_files(null);

	if (!rc || rc == -EOPNOTSUPP)
		rc = sandbox_calls(SANDBOX_CLIENT);
	worker_check(rc == -EOPNOTSUPP ? 0 : rc);
	close(null);
}

void worker_run_keytabs(void)
{
	static struct prober p;
	u8 *packet = mem_new(WORKER_PACKET_MAX);
	char path[FD_PATH_MAX], name[64];
	struct worker_msg msg;
	int fd = -1;

	signal(SIGPIPE, SIG_IGN);
	worker_check(worker_msg_receive(WORKER_FD_CONTROL, &msg, packet, &fd, 0));
	worker_check(msg.type == WORKER_KEYTAB && fd >= 0 ? 0 : -EBADMSG);
	prober_confine();
	why_not(&p.why, "not compared with the KDC's keys: libkrb5 cannot be used");
	snprintf(name, sizeof(name), "FILE:%s", fd_path(fd, path));
	if (krb5_init_context(&p.context) || krb5_kt_resolve(p.context, name, &p.keytab))
		prober_answer(&p, -EAGAIN);
	krb5_set_kdc_recv_hook(p.context, kdc_replied, &p);
	prober_read(&p);
	prober_answer(&p, prober_run(&p));
}
