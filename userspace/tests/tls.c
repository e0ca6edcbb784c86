// SPDX-License-Identifier: GPL-2.0-only
/* TLS handshakes: what is proved and refused, in this process and by the TLS worker. */

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "tls/handshake.h"
#include "worker/supervisor.h"
#include "tls/tls_session.h"
#include "worker/worker.h"
#include "worker/worker_msg.h"
#include "mem.h"
#include "process.h"
#include "test.h"
#include "tls_certs.h"

#define HOST		"server.example"
#define RPC_CLIENT	"1.3.6.1.5.5.7.3.33"

static int spawner;
/* Rules for the certificates of clients that servers have. */
static const char *clients = "";
/* Their list of revoked certificates. */
static gnutls_datum_t crl;
static struct tls_cert root, other_root, server, client, named, rpc_client, stranger, expired;
static struct tls_cert other_host;

static void certs_make(void)
{
	tls_cert_make(&root, NULL, "root", NULL, 10);
	tls_cert_make(&other_root, NULL, "other", NULL, 10);
	tls_cert_make(&server, &root, HOST, GNUTLS_KP_TLS_WWW_SERVER, 10);
	tls_cert_make(&other_host, &root, "other.example", GNUTLS_KP_TLS_WWW_SERVER, 10);
	tls_cert_make(&client, &root, NULL, GNUTLS_KP_TLS_WWW_CLIENT, 10);
	tls_cert_make(&named, &root, "build-7.example", GNUTLS_KP_TLS_WWW_CLIENT, 10);
	tls_cert_make(&rpc_client, &root, NULL, RPC_CLIENT, 10);
	tls_cert_make(&stranger, &other_root, NULL, GNUTLS_KP_TLS_WWW_CLIENT, 10);
	tls_cert_make(&expired, &root, NULL, GNUTLS_KP_TLS_WWW_CLIENT, -1);
}

/* Write a bundle, as the worker gets it. Returns its length without the sizes. */
static size_t keys_bundle(const struct tls_cert *own, const struct tls_cert *trust,
			  u32 size[TLS_FILES], u8 bytes[16384])
{
	const gnutls_datum_t rules = { (u8 *)clients, (unsigned int)strlen(clients) };
	const gnutls_datum_t *files[TLS_FILES] = {
		own ? &own->crt_pem : NULL, own ? &own->key_pem : NULL,
		trust ? &trust->crt_pem : NULL, &crl, &rules,
	};
	size_t len = 0;
	unsigned int i;

	for (i = 0; i < TLS_FILES; i++) {
		size[i] = files[i] ? files[i]->size : 0;
		if (size[i])
			memcpy(bytes + len, files[i]->data, size[i]);
		len += size[i];
	}
	return len;
}

static struct tls_keys *keys_of(const struct tls_cert *own, const struct tls_cert *trust)
{
	u32 size[TLS_FILES];
	struct tls_keys *keys;
	struct why why;
	u8 bytes[16384];

	keys_bundle(own, trust, size, bytes);
	keys = tls_keys_new(size, bytes, &why);
	CHECK(keys);
	return keys;
}

/**
 * struct handshakes - both sides of a handshake
 * @server: result of the server
 * @client: result of the client
 * @proved: the server has a verified certificate of the client
 * @name: name that the server gives to the client
 * @server_why: why the server fails
 * @client_why: why the client fails
 */
struct handshakes {
	int server;
	int client;
	bool proved;
	char name[CERT_NAME_SIZE];
	struct why server_why;
	struct why client_why;
};

/* Let a client with @cert, or none, shake hands with a server with @other. */
static struct handshakes hands_shake(const struct tls_cert *other, const struct tls_cert *cert,
				     const char *name)
{
	struct tls_keys *skeys = keys_of(other, &root);
	struct tls_keys *ckeys = keys_of(cert, &root);
	struct handshakes r = { .server = -EAGAIN, .client = -EAGAIN };
	struct tls_session *s, *c;
	int pair[2];
	int turns;

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	s = tls_session_new(skeys, pair[0], true, false, "");
	c = tls_session_new(ckeys, pair[1], false, cert, name);
	/* The sessions have references. */
	tls_keys_put(skeys);
	tls_keys_put(ckeys);
	for (turns = 0; turns < 100 && (r.server == -EAGAIN || r.client == -EAGAIN); turns++) {
		if (r.client == -EAGAIN)
			r.client = tls_session_step(c, &r.client_why);
		if (r.server == -EAGAIN)
			r.server = tls_session_step(s, &r.server_why);
	}
	r.proved = !r.server && tls_session_proved(s);
	snprintf(r.name, sizeof(r.name), "%s", tls_session_name(s));
	/* A local socket has no kTLS, and this must be told. */
	if (!r.server)
		CHECK(tls_session_hand_over(s) < 0);
	tls_session_free(s);
	tls_session_free(c);
	close(pair[0]);
	close(pair[1]);
	return r;
}

static void clients_and_certificates(void)
{
	struct handshakes r = hands_shake(&server, NULL, HOST);

	CHECK(!r.server && !r.client && !r.proved);
	r = hands_shake(&server, &client, HOST);
	CHECK(!r.server && !r.client && r.proved);
	r = hands_shake(&server, &rpc_client, HOST);
	CHECK(!r.server && r.proved);
}

static void client_names(void)
{
	struct handshakes r = hands_shake(&server, &client, HOST);

	/* It has no DNS name. */
	SAME(r.name, "");
	r = hands_shake(&server, &named, HOST);
	CHECK(r.proved);
	SAME(r.name, "build-7.example");
	clients = "dns:*.EXAMPLE=builder\n";
	r = hands_shake(&server, &named, HOST);
	CHECK(r.proved);
	SAME(r.name, "builder");
	r = hands_shake(&server, NULL, HOST);
	CHECK(!r.server && !r.proved);
	SAME(r.name, "");
	r = hands_shake(&server, &client, HOST);
	CHECK(r.server == -EACCES && strstr(r.server_why.text, "no client-map"));
	clients = "subject:CN=some*=kiosk\ndns:*=none\n";
	r = hands_shake(&server, &client, HOST);
	SAME(r.name, "kiosk");
	CHECK(hands_shake(&server, &named, HOST).server == -EACCES);
	clients = "";
}

/* The log says what to do. */
static void reasons_told(void)
{
	struct handshakes r = hands_shake(&server, &expired, HOST);

	CHECK(strstr(r.server_why.text, "has expired on") && strstr(r.server_why.text, "renew"));
	CHECK(strstr(r.server_why.text, "CN=somebody"));
	r = hands_shake(&server, &stranger, HOST);
	CHECK(strstr(r.server_why.text, "unknown issuer (CN=other)") &&
	      strstr(r.server_why.text, "'trust'"));
	r = hands_shake(&server, &server, HOST);
	CHECK(strstr(r.server_why.text, "clientAuth"));
	r = hands_shake(&server, NULL, "another.example");
	CHECK(strstr(r.client_why.text, "is not for another.example but for " HOST));
	r = hands_shake(&stranger, NULL, HOST);
	CHECK(strstr(r.client_why.text, "unknown issuer"));
	/* The other side learns that its certificate is meant. */
	CHECK(strstr(r.server_why.text, "refuses our certificate"));
}

/* A certificate that cannot be verified is worse than none (RFC 9289 section 5.2.1). */
static void bad_clients(void)
{
	CHECK(hands_shake(&server, &stranger, HOST).server == -EACCES);
	CHECK(hands_shake(&server, &expired, HOST).server == -EACCES);
	/* The purpose is another. */
	CHECK(hands_shake(&server, &server, HOST).server == -EACCES);
}

static void revoked_clients(void)
{
	gnutls_datum_t other = tls_crl_make(&other_root, &client, 10);
	struct tls_keys *keys;
	struct handshakes r;
	u32 size[TLS_FILES];
	struct why why;
	u8 bytes[16384];

	crl = tls_crl_make(&root, &client, 10);
	r = hands_shake(&server, &client, HOST);
	CHECK(r.server == -EACCES && strstr(r.server_why.text, "was revoked"));
	CHECK(hands_shake(&server, &named, HOST).proved);
	r = hands_shake(&server, NULL, HOST);
	CHECK(!r.server && !r.client && !r.proved);
	gnutls_free(crl.data);
	/* The list of another root does not revoke it, although it has its serial number. */
	crl = other;
	CHECK(hands_shake(&server, &client, HOST).proved);
	gnutls_free(crl.data);
	/* A root may have several lists, such as parts of one. */
	crl = tls_crl_make(&root, &client, 10);
	other = tls_crl_make(&root, &named, 10);
	crl.data = gnutls_realloc(crl.data, crl.size + other.size);
	memcpy(crl.data + crl.size, other.data, other.size);
	crl.size += other.size;
	CHECK(hands_shake(&server, &client, HOST).server == -EACCES);
	CHECK(hands_shake(&server, &named, HOST).server == -EACCES);
	CHECK(hands_shake(&server, &rpc_client, HOST).proved);
	gnutls_free(other.data);
	gnutls_free(crl.data);
	/* Clients refuse servers by the same file. */
	crl = tls_crl_make(&root, &server, 10);
	r = hands_shake(&server, NULL, HOST);
	CHECK(r.client == -EACCES && strstr(r.client_why.text, "was revoked"));
	gnutls_free(crl.data);
	/* An old list holds, and is told. */
	crl = tls_crl_make(&root, &client, -1);
	CHECK(hands_shake(&server, &client, HOST).server == -EACCES);
	CHECK(hands_shake(&server, &named, HOST).proved);
	keys_bundle(&server, &root, size, bytes);
	keys = tls_keys_new(size, bytes, &why);
	CHECK(keys && strstr(why.text, "the list of 'CN=root' was to be replaced on"));
	tls_keys_put(keys);
	gnutls_free(crl.data);
	/* A file without a list is none. */
	crl = server.crt_pem;
	keys_bundle(&server, &root, size, bytes);
	CHECK(!tls_keys_new(size, bytes, &why) && !strncmp(why.text, "crl: ", 5));
	crl = (gnutls_datum_t){ NULL, 0 };
	keys_bundle(&server, &root, size, bytes);
	keys = tls_keys_new(size, bytes, &why);
	CHECK(keys && !why.text[0]);
	tls_keys_put(keys);
}

static void bad_servers(void)
{
	CHECK(hands_shake(&server, NULL, "another.example").client == -EACCES);
	CHECK(hands_shake(&other_host, NULL, HOST).client == -EACCES);
	CHECK(hands_shake(&stranger, NULL, HOST).client == -EACCES);
	CHECK(hands_shake(&client, NULL, HOST).client == -EACCES);
}

static void bad_keys(void)
{
	u32 size[TLS_FILES];
	u8 bytes[16384];
	struct why why;

	/* The key is not that of the certificate. */
	struct tls_cert mixed = server;

	mixed.key_pem = client.key_pem;
	keys_bundle(&mixed, &root, size, bytes);
	CHECK(!tls_keys_new(size, bytes, &why) && why.text[0]);
	keys_bundle(&server, NULL, size, bytes);
	memset(bytes, 'x', size[TLS_CERTIFICATE]);
	CHECK(!tls_keys_new(size, bytes, &why));
}

/* A handshake with a client of GnuTLS that has no limits; returns the result of the server. */
static int plain_client_shakes(const struct tls_cert *cert, struct why *why)
{
	struct tls_keys *keys = keys_of(&server, &root);
	gnutls_certificate_credentials_t own;
	struct tls_session *s;
	gnutls_session_t c;
	int rc = -EAGAIN, turns;
	int pair[2];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
	s = tls_session_new(keys, pair[0], true, false, "");
	CHECK(!gnutls_certificate_allocate_credentials(&own) &&
	      !gnutls_certificate_set_x509_key_mem(own, &cert->crt_pem, &cert->key_pem,
						   GNUTLS_X509_FMT_PEM));
	CHECK(!gnutls_init(&c, GNUTLS_CLIENT | GNUTLS_NONBLOCK) &&
	      !gnutls_set_default_priority(c) &&
	      !gnutls_credentials_set(c, GNUTLS_CRD_CERTIFICATE, own));
	gnutls_transport_set_int(c, pair[1]);
	for (turns = 0; turns < 100 && rc == -EAGAIN; turns++) {
		gnutls_handshake(c);
		rc = tls_session_step(s, why);
	}
	gnutls_deinit(c);
	gnutls_certificate_free_credentials(own);
	tls_session_free(s);
	tls_keys_put(keys);
	close(pair[0]);
	close(pair[1]);
	return rc;
}

/* To read a large certificate takes long, and the worker has one thread. */
static void large_certificates(void)
{
	struct tls_cert large;
	struct why why = { "" };

	tls_cert_make(&large, &root, NULL, GNUTLS_KP_TLS_WWW_CLIENT, 10);
	tls_cert_lengthen(&large, &root, 20000);
	CHECK(!plain_client_shakes(&large, &why));
	tls_cert_lengthen(&large, &root, 40000);
	CHECK(plain_client_shakes(&large, &why) == -EACCES && strstr(why.text, "too large"));
	tls_cert_free(&large);
}

/* A peer that sends no TLS, and one that ends. */
static void no_tls(void)
{
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";
	struct tls_keys *keys = keys_of(&server, &root);
	struct tls_session *s;
	struct why why;
	int pair[2];
	int rc;

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	s = tls_session_new(keys, pair[0], true, false, "");
	CHECK(tls_session_step(s, &why) == -EAGAIN && tls_session_events(s) == POLLIN);
	CHECK(write(pair[1], request, sizeof(request)) == sizeof(request));
	rc = tls_session_step(s, &why);
	CHECK(rc < 0 && rc != -EAGAIN);
	tls_session_free(s);
	close(pair[0]);
	close(pair[1]);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	s = tls_session_new(keys, pair[0], true, false, "");
	close(pair[1]);
	CHECK(tls_session_step(s, &why) == -ECONNRESET);
	tls_session_free(s);
	tls_keys_put(keys);
	close(pair[0]);
}

/**
 * struct answers - what the worker said
 * @taken: answers to keys
 * @taken_error: the last of them
 * @shaken: the last answer to a handshake
 * @n: number of these
 */
struct answers {
	unsigned int taken;
	u64 taken_error;
	struct worker_msg shaken;
	unsigned int n;
};

static bool answers_heard(void *arg, const struct worker_msg *msg)
{
	struct answers *a = arg;

	if (msg->type == WORKER_TLS_TAKEN) {
		a->taken++;
		a->taken_error = msg->error;
		return true;
	}
	a->shaken = *msg;
	a->n++;
	return msg->type == WORKER_SHAKEN;
}

static int keys_file = -1;

static int answers_begin(void *arg, struct worker_socks *socks)
{
	const struct worker_msg msg = { .type = WORKER_TLS_KEYS };

	(void)arg;
	socks->hellos = 1;
	return worker_msg_send(socks->control, &msg, keys_file);
}

static const struct supervisor_ops answers_ops = {
	.kind = WORKER_TLS,
	.name = "TLS worker",
	.work = "TLS handshakes",
	.begin = answers_begin,
	.heard = answers_heard,
};

static bool answers_wait(struct supervisor *k, const unsigned int *count, unsigned int n)
{
	struct pollfd p = { .fd = supervisor_fd(k), .events = POLLIN };
	u64 end = clock_ms() + 60000;

	while (*count < n && clock_ms() < end)
		if (poll(&p, 1, 100) == 1)
			supervisor_ready(k);
	return *count == n;
}

/* Two ends of a TCP connection, which can have kTLS. */
static bool tcp_pair(int pair[2])
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool good;

	pair[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	good = !bind(listener, (struct sockaddr *)&addr, len) && !listen(listener, 1) &&
	       !getsockname(listener, (struct sockaddr *)&addr, &len) &&
	       !connect(pair[1], (struct sockaddr *)&addr, len);
	pair[0] = good ? accept(listener, NULL, NULL) : -1;
	close(listener);
	return CHECK(good && pair[0] >= 0);
}

/* Data that one side writes comes out of the other, through the kernel's TLS. */
static void check_text(int from, int to)
{
	static const char text[] = "through the kernel";
	char got[sizeof(text)] = "";

	CHECK(write(from, text, sizeof(text)) == sizeof(text));
	CHECK(recv(to, got, sizeof(got), MSG_WAITALL) == sizeof(text));
	SAME(got, text);
}

static void worker_shakes(struct supervisor *k, struct answers *a, const struct tls_cert *cert)
{
	struct worker_msg msg = { .type = WORKER_SHAKE, .id = a->n + 100, .server = 1,
				  .timeout = 30000 };
	struct tls_keys *keys = keys_of(cert, &root);
	struct tls_session *c;
	struct why why;
	int pair[2];
	int rc;

	if (!tcp_pair(pair))
		return;
	CHECK(!supervisor_call(k, &msg, pair[0]));
	c = tls_session_new(keys, pair[1], false, cert, HOST);
	tls_keys_put(keys);
	do {
		struct pollfd p = { .fd = pair[1], .events = tls_session_events(c) };

		poll(&p, 1, 10000);
		rc = tls_session_step(c, &why);
	} while (rc == -EAGAIN);
	CHECK(!rc);
	CHECK(answers_wait(k, &a->n, a->n + 1) && a->shaken.id == msg.id);
	rc = tls_session_hand_over(c);
	/* The kernel of the build may have no TLS; then the worker says so, too. */
	if (rc == -ENOENT) {
		CHECK(a->shaken.error == ENOENT && !a->shaken.proved);
	} else {
		CHECK(!rc && !a->shaken.error && a->shaken.proved == !!cert);
		check_text(pair[0], pair[1]);
		check_text(pair[1], pair[0]);
	}
	tls_session_free(c);
	close(pair[0]);
	close(pair[1]);
}

/* A peer that says nothing costs its own time only. */
static void worker_waits(struct supervisor *k, struct answers *a)
{
	struct worker_msg msg = { .type = WORKER_SHAKE, .id = 1, .server = 1, .timeout = 200 };
	int pair[2];

	if (!tcp_pair(pair))
		return;
	CHECK(!supervisor_call(k, &msg, pair[0]));
	CHECK(answers_wait(k, &a->n, a->n + 1));
	CHECK(a->shaken.id == 1 && a->shaken.error == ETIMEDOUT);
	close(pair[0]);
	close(pair[1]);
}

static void worker_answers(void)
{
	struct supervisor *k = mem_new(sizeof(*k));
	struct answers a = { 0 };
	u32 size[TLS_FILES];
	u8 bytes[16384];
	size_t len = keys_bundle(&server, &root, size, bytes);

	keys_file = memfd_create("keys", MFD_CLOEXEC);
	CHECK(write(keys_file, size, sizeof(size)) == sizeof(size) &&
	      write(keys_file, bytes, len) == (ssize_t)len);
	CHECK(!supervisor_open(k, &answers_ops, &a, spawner, -1) && supervisor_wait(k));
	CHECK(answers_wait(k, &a.taken, 1) && !a.taken_error);
	process_check_worker(1);
	worker_shakes(k, &a, NULL);
	worker_shakes(k, &a, &client);
	worker_waits(k, &a);
	worker_shakes(k, &a, &client);
	supervisor_close(k);
	close(keys_file);
	free(k);
}

static void rivals_found(void)
{
	char path[] = "/tmp/ditto-netlink-XXXXXX";
	static const char text[] =
		"sk               Eth Pid        Groups   Rmem     Wmem     Dump\n"
		"0000000000000000 0   1          00000551 0        0        0     1\n"
		"0000000000000000 16  4711       00000010 0        0        0     2\n"
		"0000000000000000 16  77         00000040 0        0        0     3\n";
	int fd = mkstemp(path);

	CHECK(fd >= 0 && write(fd, text, sizeof(text) - 1) == sizeof(text) - 1);
	CHECK(handshake_rival(path, 5) == 4711);
	CHECK(handshake_rival(path, 7) == 77);
	CHECK(!handshake_rival(path, 1) && !handshake_rival(path, 33));
	close(fd);
	unlink(path);
	CHECK(!handshake_rival(path, 5));
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		TEST(clients_and_certificates), TEST(client_names),
		TEST(reasons_told), TEST(bad_clients), TEST(revoked_clients),
		TEST(bad_servers), TEST(bad_keys),
		TEST(large_certificates), TEST(no_tls), TEST(worker_answers), TEST(rivals_found),
		{ NULL, NULL }
	};

	worker_main(argc, argv);
	spawner = worker_spawner_start();
	if (spawner < 0) {
		printf("not ok tls: it cannot begin\n");
		return EXIT_FAILURE;
	}
	certs_make();
	return test_main(tests);
}
