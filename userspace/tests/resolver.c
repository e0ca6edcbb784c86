// SPDX-License-Identifier: GPL-2.0-only
/* Host names, with a fake name server that answers, lies or hangs. */

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "hosts/resolver.h"
#include "mem.h"
#include "test.h"

/* RFC 1035 sections 3.2.2, 4.1.1. */
#define TYPE_A		1
#define TYPE_PTR	12
#define RCODE_NONE	3
#define HEADER		12

/*
 * struct dns_record - a record of the fake server
 * @name: name
 * @type: type
 * @value: address or name; NULL to send no reply
 */
static const struct dns_record {
	const char *name;
	u16 type;
	const char *value;
} records[] = {
	{ "1.2.0.192.in-addr.arpa", TYPE_PTR, "good.example.org" },
	{ "good.example.org", TYPE_A, "192.0.2.1" },
	/* Two names, one of which belongs to another machine. */
	{ "2.2.0.192.in-addr.arpa", TYPE_PTR, "good.example.org" },
	{ "2.2.0.192.in-addr.arpa", TYPE_PTR, "two.example.org" },
	{ "two.example.org", TYPE_A, "192.0.2.99" },
	{ "two.example.org", TYPE_A, "192.0.2.2" },
	/* The name exists only in the reverse zone. */
	{ "3.2.0.192.in-addr.arpa", TYPE_PTR, "nowhere.example.org" },
	{ "4.2.0.192.in-addr.arpa", TYPE_PTR, "odd name;.example.org" },
	/* The name exists, but the query for its address is not answered. */
	{ "5.2.0.192.in-addr.arpa", TYPE_PTR, "hangs.example.org" },
	{ "hangs.example.org", TYPE_A, NULL },
};

static int server;
static unsigned int asked;
static struct resolver *r;

/* Decode a name of a question. Returns the position after it, 0 if it is invalid. */
static size_t get_name(const u8 *bytes, size_t len, size_t pos, char *name)
{
	size_t used = 0;

	while (pos < len && bytes[pos]) {
		if (pos + 1 + bytes[pos] > len || used + bytes[pos] > 200)
			return 0;
		memcpy(name + used, bytes + pos + 1, bytes[pos]);
		used += bytes[pos];
		name[used++] = '.';
		pos += 1 + bytes[pos];
	}
	name[used ? used - 1 : 0] = '\0';
	return pos + 1;
}

static size_t put_name(u8 *out, const char *name)
{
	size_t pos = 0;

	while (*name) {
		size_t part = strcspn(name, ".");

		out[pos++] = (u8)part;
		memcpy(out + pos, name, part);
		pos += part;
		name += part + (name[part] == '.');
	}
	out[pos++] = 0;
	return pos;
}

/* Add the known records. Returns their number, -1 to send no reply. */
static int put_answers(u8 *out, size_t *len, const char *name, u16 type)
{
	static const u8 fixed[] = { 0xc0, HEADER, 0, 0, 0, 1, 0, 0, 0, 60, 0, 0 };
	int n = 0;
	size_t i;

	/* A zone whose servers do not answer. */
	if (strstr(name, ".113.0.203.") || strstr(name, ".203.0.113."))
		return -1;
	for (i = 0; i < ARRAY_SIZE(records); i++) {
		const struct dns_record *rec = &records[i];
		u8 *p = out + *len;
		size_t size;

		if (rec->type != type || strcasecmp(rec->name, name))
			continue;
		if (!rec->value)
			return -1;
		memcpy(p, fixed, sizeof(fixed));
		p[3] = (u8)type;
		if (type == TYPE_A) {
			inet_pton(AF_INET, rec->value, p + sizeof(fixed));
			size = 4;
		} else {
			size = put_name(p + sizeof(fixed), rec->value);
		}
		p[sizeof(fixed) - 1] = (u8)size;
		*len += sizeof(fixed) + size;
		n++;
	}
	return n;
}

static void *server_run(void *arg)
{
	struct sockaddr_in from;
	socklen_t from_len;
	u8 packet[2048];
	char name[256];
	ssize_t len;
	size_t end;
	int n;

	(void)arg;
	for (;;) {
		from_len = sizeof(from);
		len = recvfrom(server, packet, 512, 0, (struct sockaddr *)&from, &from_len);
		if (len < HEADER)
			continue;
		end = get_name(packet, (size_t)len, HEADER, name) + 4;
		__atomic_add_fetch(&asked, 1, __ATOMIC_SEQ_CST);
		n = put_answers(packet, &end, name, packet[end - 3]);
		if (n < 0)
			continue;
		packet[2] = 0x84;
		packet[3] = n ? 0 : RCODE_NONE;
		packet[7] = (u8)n;
		memset(packet + 8, 0, 4);
		sendto(server, packet, end, 0, (struct sockaddr *)&from, from_len);
	}
	return NULL;
}

struct question {
	struct host_lookup lookup;
	struct nss_names names;
	int done;
};

static void on_done(struct host_lookup *l)
{
	((struct question *)l)->done++;
}

static void resolver_ask(struct question *q, const char *addr)
{
	struct why why;

	memset(q, 0, sizeof(*q));
	CHECK(text_address(addr, &q->lookup.addr, &why));
	q->lookup.names = &q->names;
	q->lookup.done = on_done;
	resolver_submit(r, &q->lookup);
}

/* Run until there is an answer. Returns false after a timeout. */
static bool resolver_answered(struct question *q, u64 ms)
{
	struct pollfd p = { .fd = resolver_fd(r), .events = POLLIN };
	u64 end = clock_ms() + ms;

	while (!q->done && clock_ms() < end)
		if (poll(&p, 1, 100) == 1)
			resolver_ready(r);
	return q->done == 1;
}

static void resolver_check(const char *addr, int error, const char *name)
{
	struct question q;

	resolver_ask(&q, addr);
	CHECK(resolver_answered(&q, 30000) && q.lookup.error == error);
	CHECK(q.names.n == !!name);
	if (name && q.names.n)
		SAME(q.names.name[0], name);
}

static void names_that_resolve_back(void)
{
	resolver_check("192.0.2.1", 0, "good.example.org");
	resolver_check("192.0.2.2", 0, "two.example.org");
	resolver_check("192.0.2.3", -ENOENT, NULL);
	resolver_check("192.0.2.4", -ENOENT, NULL);
	resolver_check("192.0.2.9", -ENOENT, NULL);
}

/* From /etc/hosts, which may give it other names, too, and without a server. */
static void name_of_loopback(void)
{
	unsigned int before = asked, i;
	bool found = false;
	struct question q;

	resolver_ask(&q, "127.0.0.1");
	CHECK(resolver_answered(&q, 30000) && !q.lookup.error);
	for (i = 0; i < q.names.n; i++)
		found |= !strcmp(q.names.name[i], "localhost");
	CHECK(found);
	CHECK(asked == before);
}

static void answers_are_kept(void)
{
	unsigned int before;

	resolver_check("192.0.2.1", 0, "good.example.org");
	resolver_check("192.0.2.9", -ENOENT, NULL);
	before = asked;
	resolver_check("192.0.2.1", 0, "good.example.org");
	resolver_check("192.0.2.9", -ENOENT, NULL);
	CHECK(asked == before);
	resolver_forget(r);
	resolver_check("192.0.2.1", 0, "good.example.org");
	CHECK(asked == before + 2);
}

/* Many queries hang; others, and those for the same address, are not delayed further. */
static void server_that_hangs(void)
{
	static struct question hang[200], more[100], twice, later;
	unsigned int before;
	char addr[32];
	int i;

	for (i = 0; i < 200; i++) {
		snprintf(addr, sizeof(addr), "203.0.113.%d", i);
		resolver_ask(&hang[i], addr);
	}
	resolver_ask(&twice, "203.0.113.0");
	resolver_forget(r);
	resolver_check("192.0.2.1", 0, "good.example.org");
	resolver_check("192.0.2.9", -ENOENT, NULL);
	for (i = 0; i < 200; i++)
		CHECK(!hang[i].done);
	/* Above the limit of parallel look-ups, the failure is immediate. */
	for (i = 0; i < 100; i++) {
		snprintf(addr, sizeof(addr), "203.0.113.%d", 200 + i);
		if (i >= 50)
			snprintf(addr, sizeof(addr), "113.0.203.%d", i);
		resolver_ask(&more[i], addr);
	}
	CHECK(more[99].done && more[99].lookup.error == -EAGAIN && !more[0].done);
	/* All end eventually, and the missing reply is cached. */
	for (i = 0; i < 200; i++)
		CHECK(resolver_answered(&hang[i], 30000) && hang[i].lookup.error == -EAGAIN);
	for (i = 0; i < 100; i++)
		CHECK(resolver_answered(&more[i], 30000));
	CHECK(resolver_answered(&twice, 30000) && twice.lookup.error == -EAGAIN);
	before = asked;
	resolver_ask(&later, "203.0.113.199");
	CHECK(later.done == 1 && later.lookup.error == -EAGAIN && asked == before);
}

static void forward_that_hangs(void)
{
	resolver_check("192.0.2.5", -EAGAIN, NULL);
	resolver_check("192.0.2.1", 0, "good.example.org");
}

static void end_with_questions(void)
{
	struct question q;

	resolver_ask(&q, "203.0.113.77");
	resolver_free(r);
	CHECK(q.done == 1 && q.lookup.error == -EAGAIN);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(names_that_resolve_back), TEST(name_of_loopback), TEST(answers_are_kept),
		TEST(server_that_hangs), TEST(forward_that_hangs), TEST(end_with_questions), { 0 }
	};
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);
	char where[32];
	pthread_t id;

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server = socket(AF_INET, SOCK_DGRAM, 0);
	if (server < 0 || bind(server, (struct sockaddr *)&addr, sizeof(addr)) ||
	    getsockname(server, (struct sockaddr *)&addr, &len) ||
	    pthread_create(&id, NULL, server_run, NULL)) {
		printf("not ok resolver: it cannot begin\n");
		return EXIT_FAILURE;
	}
	snprintf(where, sizeof(where), "127.0.0.1:%u", ntohs(addr.sin_port));
	r = resolver_new(where);
	return test_main(tests);
}
