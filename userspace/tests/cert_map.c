// SPDX-License-Identifier: GPL-2.0-only
/* Rules that name clients by their certificates. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls/cert_map.h"
#include "mem.h"
#include "test.h"

#define PRINT	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define COLONS	"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:" \
		"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"

static void bad_rules(void)
{
	static const char *const texts[] = {
		"", "=", "host", "host = name", "dns:host", "dns: = name", "dns:host =",
		"dns:host = two words", "dns:host = a/b", "dns:host = *", "fingerprint:00 = name",
		"fingerprint:" PRINT "00 = name", "ip:192.0.2.1 = name", "subject:a\nb = name",
	};
	struct cert_map map = { .rules = NULL };
	struct why why;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		why.text[0] = '\0';
		CHECK(!cert_map_add(&map, texts[i], &why) && why.text[0]);
	}
	CHECK(!map.n);
	CHECK(!cert_map_read(&map, "dns:a=b", 7, &why));
	cert_map_free(&map);
}

/* Look up a certificate with a fingerprint, a subject and one DNS name. */
static const char *cert_find(const struct cert_map *map, const char *print, const char *subject,
			     const char *host)
{
	static char name[CERT_NAME_SIZE];
	struct cert_id *id = mem_new(sizeof(*id));
	bool good;

	snprintf(id->print, sizeof(id->print), "%s", print);
	snprintf(id->subject, sizeof(id->subject), "%s", subject);
	if (host)
		snprintf(id->names[id->n++], CERT_NAME_SIZE, "%s", host);
	good = cert_map_find(map, id, name);
	free(id);
	return good ? name : NULL;
}

static void check_rules(const struct cert_map *map)
{
	const char *name = cert_find(map, "", "CN=x", "a.build.example");

	CHECK(name && !strcmp(name, "build"));
	name = cert_find(map, "", "CN=x", "A.Build.Example");
	CHECK(name && !strcmp(name, "build"));
	CHECK(!cert_find(map, "", "CN=x", "bad.build.example"));
	/* A certificate for all machines, the bad one included, names none. */
	CHECK(!cert_find(map, "", "CN=x", "*.build.example"));
	/* It has no name, but can be refused. */
	CHECK(cert_find(map, "", "CN=db2,O=Example", "*.build.example"));
	CHECK(!cert_find(map, "", "CN=db2,O=Example", "bad.*"));
	CHECK(!cert_find(map, "", "CN=x", "build.example"));
	CHECK(!cert_find(map, "", "CN=x", NULL));
	name = cert_find(map, PRINT, "", NULL);
	CHECK(name && !strcmp(name, "kiosk"));
	name = cert_find(map, "", "CN=db = 1,O=Example", NULL);
	CHECK(name && !strcmp(name, "db"));
	/* The case of a subject matters. */
	CHECK(!cert_find(map, "", "cn=db = 1,O=Example", NULL));
}

static void rules_and_copies(void)
{
	struct cert_map map = { .rules = NULL }, copy = { .rules = NULL };
	struct why why;
	char *text;

	CHECK(cert_map_add(&map, "dns:bad.* = none", &why));
	CHECK(cert_map_add(&map, " DNS: *.build.example =build ", &why));
	CHECK(cert_map_add(&map, "fingerprint:" COLONS " = kiosk", &why));
	CHECK(cert_map_add(&map, "subject:CN=db*,O=Example = db", &why));
	check_rules(&map);
	text = cert_map_text(&map);
	CHECK(cert_map_read(&copy, text, strlen(text), &why) && copy.n == map.n);
	free(text);
	check_rules(&copy);
	cert_map_free(&map);
	cert_map_free(&copy);
}

static void no_rules(void)
{
	const struct cert_map none = { .rules = NULL };
	const char *name = cert_find(&none, "", "CN=x", "host.example");

	CHECK(name && !strcmp(name, "host.example"));
	name = cert_find(&none, "", "CN=x", NULL);
	CHECK(name && !name[0]);
	/* That of many hosts is none. */
	name = cert_find(&none, "", "CN=x", "*.example");
	CHECK(name && !name[0]);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(bad_rules), TEST(rules_and_copies), TEST(no_rules),
		{ NULL, NULL }
	};

	return test_main(tests);
}
