// SPDX-License-Identifier: GPL-2.0-only
/*
 * PACs of Kerberos tickets, which Samba's libndr-krb5pac encodes: the decoder is not tested by
 * what its author thinks of the format.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/library.h"
#include "auth/pac.h"
#include "mem.h"
#include "test.h"
#include "text.h"

/* Longest PAC of a test, in bytes. */
#define PAC_MAX		65536

/* Headers of a serialized type (MS-RPCE sections 2.2.6.1 and 2.2.6.2), in bytes. */
#define PAC_HEADERS	16

/* The structures that the library encodes; members that are not used are there for their size. */
struct ndr_blob {
	const u8 *data;
	size_t len;
};

struct ndr_string {
	u16 len;
	u16 size;
	const char *text;
};

struct ndr_sid {
	u8 revision;
	u8 nsubs;
	u8 authority[6];
	u32 sub[SID_SUBS_MAX];
};

struct ndr_group {
	u32 rid;
	u32 attributes;
};

struct ndr_groups {
	u32 n;
	struct ndr_group *group;
};

struct ndr_extra {
	struct ndr_sid *sid;
	u32 attributes;
};

/* KERB_VALIDATION_INFO (MS-PAC section 2.5). */
struct ndr_logon_info {
	u64 times[6];
	struct ndr_string names[6];
	u16 counts[2];
	u32 user;
	u32 primary_group;
	struct ndr_groups groups;
	u32 flags;
	u8 session_key[16];
	struct ndr_string server;
	struct ndr_string domain_name;
	struct ndr_sid *domain;
	u8 lm_key[8];
	u32 account_flags;
	u32 status;
	u64 more_times[2];
	u32 more_counts[2];
	u32 nextra;
	struct ndr_extra *extra;
	struct ndr_sid *resource_domain;
	struct ndr_groups resource_groups;
};

struct ndr_pointer {
	struct ndr_logon_info *info;
};

static struct why why;

static struct {
	int (*encode)(struct ndr_blob *blob, void *owner, const void *from,
		      int (*push)(void *ndr, int flags, const void *from));
	int (*push)(void *ndr, int flags, const void *from);
	void *(*owner)(const void *parent, size_t size, const char *name);
	int (*free)(void *owner, const char *location);
} ndr;

static const struct library_function functions[] = {
	{ "ndr_push_PAC_LOGON_INFO_CTR", &ndr.push },
	{ "ndr_push_struct_blob", &ndr.encode },
	{ "talloc_named_const", &ndr.owner },
	{ "_talloc_free", &ndr.free },
	{ }
};

static struct library library = {
	.file = "libndr-krb5pac.so.0",
	.package = "samba-libs",
	.functions = functions,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

/**
 * struct pac - what a test says about a user
 * @domain: SID of the domain; NULL for none
 * @user: number of the user in it
 * @primary: number of the primary group
 * @ngroups: number of groups
 * @group: number of the first group; the others follow; 0 to leave them out
 * @extra: SIDs of other domains, up to NULL
 * @resource: SID of the domain of resource groups; NULL for none
 * @nresource: number of resource groups, from 1 on
 */
struct pac {
	const char *domain;
	u32 user;
	u32 primary;
	u32 ngroups;
	u32 group;
	const char *extra[4];
	const char *resource;
	u32 nresource;
};

static struct ndr_sid *ndr_sid_of(struct ndr_sid *to, const char *text)
{
	struct sid sid;
	u8 wire[SID_SIZE_MAX];

	if (!text || !CHECK(sid_parse(text, &sid)))
		return NULL;
	sid_put(&sid, wire);
	to->revision = wire[0];
	to->nsubs = wire[1];
	memcpy(to->authority, wire + 2, sizeof(to->authority));
	memcpy(to->sub, sid.sub, sizeof(to->sub));
	return to;
}

static struct ndr_group *ndr_groups_of(u32 first, u32 n)
{
	struct ndr_group *group = n && first ? mem_new(n * sizeof(*group)) : NULL;
	u32 i;

	for (i = 0; group && i < n; i++)
		group[i] = (struct ndr_group){ first + i, 7 };
	return group;
}

static void pac_set_size(u8 *out, size_t size)
{
	static const u8 header[8] = { 1, 0x10, 8, 0, 0xcc, 0xcc, 0xcc, 0xcc };
	u32 words[2] = { (u32)size, 0 };

	memcpy(out, header, sizeof(header));
	memcpy(out + sizeof(header), words, sizeof(words));
}

/* Encode a PAC into @out; returns its length. */
static size_t pac_make(const struct pac *pac, u8 out[PAC_MAX])
{
	struct ndr_sid domain, resource, sids[ARRAY_SIZE(pac->extra)];
	struct ndr_extra extra[ARRAY_SIZE(pac->extra)];
	struct ndr_logon_info info = {
		.user = pac->user,
		.primary_group = pac->primary,
		.groups = { pac->ngroups, ndr_groups_of(pac->group, pac->ngroups) },
		.flags = 0x220,
		.extra = extra,
		.resource_groups = { pac->nresource, ndr_groups_of(1, pac->nresource) },
	};
	struct ndr_pointer pointer = { &info };
	void *owner = ndr.owner(NULL, 0, "test");
	struct ndr_blob blob = { NULL, 0 };
	size_t size;

	info.names[0].text = "alice";
	info.names[1].text = "Alice of the tests";
	info.domain_name.text = "EXAMPLE";
	info.domain = ndr_sid_of(&domain, pac->domain);
	info.resource_domain = ndr_sid_of(&resource, pac->resource);
	while (pac->extra[info.nextra]) {
		extra[info.nextra] = (struct ndr_extra){
			ndr_sid_of(&sids[info.nextra], pac->extra[info.nextra]), 7
		};
		info.nextra++;
	}
	CHECK(!ndr.encode(&blob, owner, &pointer, ndr.push));
	size = PAC_HEADERS + blob.len;
	if (CHECK(size <= PAC_MAX)) {
		pac_set_size(out, blob.len);
		memcpy(out + PAC_HEADERS, blob.data, blob.len);
	}
	ndr.free(owner, "test");
	free(info.groups.group);
	free(info.resource_groups.group);
	return size;
}

static void expect_sid(const struct sid_list *list, unsigned int i, const char *text)
{
	char got[NSS_NAME_SIZE];

	if (!CHECK(i < list->n))
		return;
	sid_text(&list->sid[i], got);
	SAME(got, text);
}

static const struct pac alice = {
	.domain = "S-1-5-21-1-2-3", .user = 1104, .primary = 513, .ngroups = 3, .group = 512,
	.extra = { "S-1-5-21-4-5-6-1106", "S-1-18-1", "S-1-5-21-1-2-3-513" },
	.resource = "S-1-5-21-7-8-9", .nresource = 2,
};

static void all_kinds_of_groups(void)
{
	struct sid_list list = { 0 };
	u8 *pac = mem_new(PAC_MAX);

	CHECK(!pac_sids(pac, pac_make(&alice, pac), &list, &why));
	CHECK(list.n == 8);
	expect_sid(&list, 0, "S-1-5-21-1-2-3-1104");
	expect_sid(&list, 1, "S-1-5-21-1-2-3-513");
	expect_sid(&list, 2, "S-1-5-21-1-2-3-512");
	expect_sid(&list, 3, "S-1-5-21-1-2-3-514");
	expect_sid(&list, 4, "S-1-5-21-4-5-6-1106");
	expect_sid(&list, 5, "S-1-18-1");
	expect_sid(&list, 6, "S-1-5-21-7-8-9-1");
	expect_sid(&list, 7, "S-1-5-21-7-8-9-2");
	sid_list_clear(&list);
	free(pac);
}

/* MS-PAC section 2.5, UserId. */
static void user_of_another_domain(void)
{
	const struct pac foreign = { .extra = { "S-1-5-21-4-5-6-1106", "S-1-5-21-4-5-6-513" } };
	const struct pac nobody = { .domain = "S-1-5-21-1-2-3", .primary = 513 };
	struct sid_list list = { 0 };
	u8 *pac = mem_new(PAC_MAX);

	CHECK(!pac_sids(pac, pac_make(&foreign, pac), &list, &why) && list.n == 2);
	expect_sid(&list, 0, "S-1-5-21-4-5-6-1106");
	sid_list_clear(&list);
	CHECK(pac_sids(pac, pac_make(&nobody, pac), &list, &why) == -EBADMSG && !list.n);
	free(pac);
}

static void groups_that_are_missing(void)
{
	struct pac broken = alice;
	struct sid_list list = { 0 };
	u8 *pac = mem_new(PAC_MAX);

	broken.domain = NULL;
	CHECK(pac_sids(pac, pac_make(&broken, pac), &list, &why) == -EBADMSG && !list.n);
	broken = alice;
	broken.resource = NULL;
	CHECK(pac_sids(pac, pac_make(&broken, pac), &list, &why) == -EBADMSG && !list.n);
	broken = alice;
	broken.group = 0;
	CHECK(pac_sids(pac, pac_make(&broken, pac), &list, &why) == -EBADMSG && !list.n);
	/* There is no room for the number of the user. */
	broken = alice;
	broken.domain = "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15";
	CHECK(pac_sids(pac, pac_make(&broken, pac), &list, &why) == -EBADMSG && !list.n);
	free(pac);
}

static void as_many_as_are_allowed(void)
{
	struct pac many = { .domain = "S-1-5-21-1-2-3", .user = 500, .primary = 513,
			    .group = 1000, .ngroups = SID_LIST_MAX - 2 };
	struct sid_list list = { 0 };
	u8 *pac = mem_new(PAC_MAX);

	CHECK(!pac_sids(pac, pac_make(&many, pac), &list, &why) && list.n == SID_LIST_MAX);
	sid_list_clear(&list);
	many.ngroups++;
	CHECK(pac_sids(pac, pac_make(&many, pac), &list, &why) == -E2BIG && !list.n);
	CHECK(strstr(why.text, "more than 1024 SIDs"));
	free(pac);
}

static void pac_that_is_cut(void)
{
	struct sid_list list = { 0 };
	u8 *pac = mem_new(PAC_MAX);
	size_t len = pac_make(&alice, pac), i;

	for (i = 0; i < len; i++) {
		/* The header says that there is more, and that there is not. */
		CHECK(pac_sids(pac, i, &list, &why) == -EBADMSG && !list.n);
		if (i < PAC_HEADERS)
			continue;
		pac_set_size(pac, i - PAC_HEADERS);
		CHECK(pac_sids(pac, i, &list, &why) == -EBADMSG && !list.n);
		pac_set_size(pac, len - PAC_HEADERS);
	}
	CHECK(!pac_sids(pac, len, &list, &why));
	sid_list_clear(&list);
	pac[0] = 2;
	CHECK(pac_sids(pac, len, &list, &why) == -EBADMSG);
	pac[0] = 1;
	pac[1] = 0;
	CHECK(pac_sids(pac, len, &list, &why) == -EBADMSG);
	free(pac);
}

/* Every byte is damaged in turn: some are only names, and some make other SIDs. */
static void pac_that_is_damaged(void)
{
	static const u8 damage[] = { 0x01, 0x80, 0xff };
	struct sid_list list = { 0 };
	u8 *pac = mem_new(PAC_MAX);
	unsigned int refused = 0;
	size_t len = pac_make(&alice, pac), i, j;
	int rc;

	for (i = 0; i < len; i++)
		for (j = 0; j < ARRAY_SIZE(damage); j++) {
			pac[i] ^= damage[j];
			rc = pac_sids(pac, len, &list, &why);
			CHECK(rc == -EBADMSG || rc == -E2BIG || (!rc && list.n));
			CHECK(!rc || !list.n);
			refused += !!rc;
			sid_list_clear(&list);
			pac[i] ^= damage[j];
		}
	CHECK(refused > 100);
	CHECK(!pac_sids(pac, len, &list, &why) && list.n == 8);
	sid_list_clear(&list);
	free(pac);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(all_kinds_of_groups), TEST(user_of_another_domain),
		TEST(groups_that_are_missing), TEST(as_many_as_are_allowed), TEST(pac_that_is_cut),
		TEST(pac_that_is_damaged), { 0 }
	};

	if (!library_load(&library, &why)) {
		printf("# %s\nnot ok library\n", why.text);
		return 1;
	}
	return test_main(tests);
}
