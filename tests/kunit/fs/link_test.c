// SPDX-License-Identifier: GPL-2.0-only
/* Links of a share: their text, its limits, and the directories that they are. */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "../../../fs/share/link.h"
#include "../../../fs/share/share.h"
#include "folder.h"

DEFINE_FOLDER(link_folder, "kunit-link")

static const struct link_text {
	const char *text;
	int err;
} link_texts[] = {
	{ "a=server:/share", 0 },
	{ "a/b c/d=server.example:/share/x/y,192.0.2.1:/s,[2001:db8::1]:/s", 0 },
	{ "a=s:/t\nb=s:/t\nab=s:/t", 0 },
	{ "a", -EINVAL },
	{ "=s:/t", -EINVAL },
	{ "a=", -EINVAL },
	{ "a=s", -EINVAL },
	{ "a=:/t", -EINVAL },
	{ "a=s:/", -EINVAL },
	{ "a=s:t", -EINVAL },
	{ "a=s:/t,", -EINVAL },
	{ "a=s:/t/", -EINVAL },
	{ "a=s:/t//u", -EINVAL },
	{ "a=s:/t/../u", -EINVAL },
	{ "a=s:/t\\u", -EINVAL },
	{ "a=s t:/u", -EINVAL },
	{ "a=2001:db8::1:/s", -EINVAL },
	{ "a=[]:/s", -EINVAL },
	{ "/a=s:/t", -EINVAL },
	{ "a/=s:/t", -EINVAL },
	{ "./a=s:/t", -EINVAL },
	{ "a/..=s:/t", -EINVAL },
	{ "a\tb=s:/t", -EINVAL },
	{ "\xc3\xa4=s:/\xe6\x97\xa5", 0 },
	{ "\xe4=s:/t", -EINVAL },
	{ "a=s:/t\xc3", -EINVAL },
	{ "a/\xed\xa0\x80=s:/t", -EINVAL },
	{ "a=s:/t\n", -EINVAL },
	{ "a=s:/t\na=s:/u", -EINVAL },
	{ "a=s:/t\nA=s:/u", -EINVAL },
	{ "A/b=s:/t\na=s:/u", -EINVAL },
	{ "A/b=s:/t\na/c=s:/u", 0 },
	{ "a/b=s:/t\na=s:/u", -EINVAL },
	{ "a=s:/1,s:/2,s:/3,s:/4,s:/5,s:/6,s:/7,s:/8", 0 },
	{ "a=s:/1,s:/2,s:/3,s:/4,s:/5,s:/6,s:/7,s:/8,s:/9", -EINVAL },
};

static void link_text_desc(const struct link_text *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%td", c - link_texts);
}

KUNIT_ARRAY_PARAM(link_text, link_texts, link_text_desc);

static void links_parsed(struct kunit *test)
{
	const struct link_text *c = test->param_value;
	struct ditto_links *links = ditto_links_parse(c->text, NULL);

	KUNIT_EXPECT_EQ_MSG(test, IS_ERR(links) ? PTR_ERR(links) : 0, c->err, "%s", c->text);
	if (!IS_ERR(links)) {
		KUNIT_EXPECT_STREQ(test, links->text, c->text);
		ditto_links_put(links);
	}
}

static void links_empty(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, ditto_links_parse("", NULL));
}

static void link_parts(struct kunit *test)
{
	struct ditto_links *links = ditto_links_parse("a/b=one:/s/x,[fe80::1]:/t", NULL);
	const struct ditto_share_link *link;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, links);
	link = &links->link[0];
	KUNIT_EXPECT_STREQ(test, link->path, "a/b");
	KUNIT_EXPECT_EQ(test, link->count, 2);
	KUNIT_EXPECT_STREQ(test, link->target[0].server, "one");
	KUNIT_EXPECT_STREQ(test, link->target[0].path, "s/x");
	KUNIT_EXPECT_STREQ(test, link->target[1].server, "fe80::1");
	KUNIT_EXPECT_STREQ(test, link->target[1].path, "t");
	ditto_links_put(links);
}

/* A text of @count links, each with a path of @len bytes. */
static char *links_text(struct kunit *test, unsigned int count, unsigned int len)
{
	char *text = kunit_kzalloc(test, count * (len + 8) + 1, GFP_KERNEL), *p = text;

	KUNIT_ASSERT_NOT_NULL(test, text);
	for (unsigned int i = 0; i < count; i++)
		p += sprintf(p, "%s%0*u=s:/t", i ? "\n" : "", len, i);
	return text;
}

static void links_limited(struct kunit *test)
{
	struct ditto_links *links;

	links = ditto_links_parse(links_text(test, DITTO_LINKS_MAX, 4), NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, links);
	ditto_links_put(links);
	KUNIT_EXPECT_EQ(test, PTR_ERR(ditto_links_parse(links_text(test, DITTO_LINKS_MAX + 1, 4),
							NULL)), -E2BIG);
	KUNIT_EXPECT_EQ(test, PTR_ERR(ditto_links_parse(links_text(test, DITTO_LINKS_MAX, 200),
							NULL)), -E2BIG);
	KUNIT_EXPECT_EQ(test, PTR_ERR(ditto_links_parse(links_text(test, 1, NAME_MAX + 1), NULL)),
			-EINVAL);
}

/* A link is its directory, and no other one, also of the same name; another share has none. */
static void link_directory(struct kunit *test)
{
	struct folder *f = &link_folder;
	struct ditto_links *links = ditto_links_parse("in=s:/t\nnone=s:/t", NULL);
	struct ditto_node *in = folder_make(test, f, "in", 0755, true);
	struct ditto_node *out = folder_make(test, f, "out", 0755, true);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, links);
	KUNIT_EXPECT_NULL(test, ditto_link_of(links, f->share, in->inode));
	ditto_links_find_dirs(f->share, links, NULL);
	KUNIT_EXPECT_PTR_EQ(test, ditto_link_of(links, f->share, in->inode),
			    (const struct ditto_share_link *)&links->link[0]);
	KUNIT_EXPECT_NULL(test, ditto_link_of(links, f->share, out->inode));
	KUNIT_EXPECT_NULL(test, ditto_link_of(links, f->share, f->root->inode));
	links->share++;
	KUNIT_EXPECT_NULL(test, ditto_link_of(links, f->share, in->inode));
	KUNIT_EXPECT_FALSE(test, ditto_share_is_link(f->share, in->inode));
	ditto_node_put(in);
	ditto_node_put(out);
	folder_remove(test, f, "in", true);
	folder_remove(test, f, "out", true);
	ditto_links_put(links);
}

/* The share has links as long as its options have. */
static void links_of_share(struct kunit *test)
{
	struct folder *f = &link_folder;
	struct ditto_share_config cfg = { .name = f->name };
	struct ditto_node *in = folder_make(test, f, "in", 0755, true);
	struct ditto_links *links;

	KUNIT_EXPECT_FALSE(test, ditto_share_has_links(f->share));
	KUNIT_EXPECT_NULL(test, ditto_share_links(f->share));
	for (int i = 0; i < 2; i++) {
		rcu_read_lock();
		cfg.opts = ditto_share_opts_dup(rcu_dereference(f->share->opts));
		rcu_read_unlock();
		KUNIT_ASSERT_NOT_NULL(test, cfg.opts);
		ditto_links_put(cfg.opts->links);
		cfg.opts->links = i ? NULL : ditto_links_parse("in=s:/t", NULL);
		/* They are of no share, or of one that was removed. */
		if (!i)
			KUNIT_EXPECT_EQ(test, ditto_share_set(f->srv, &cfg, NULL), -EAGAIN);
		ditto_links_find_dirs(f->share, cfg.opts->links, NULL);
		KUNIT_ASSERT_EQ(test, ditto_share_set(f->srv, &cfg, NULL), 0);
		KUNIT_EXPECT_EQ(test, ditto_share_has_links(f->share), !i);
		KUNIT_EXPECT_EQ(test, ditto_shares_have_links(f->srv), !i);
		KUNIT_EXPECT_EQ(test, ditto_share_is_link(f->share, in->inode), !i);
		KUNIT_EXPECT_FALSE(test, ditto_share_is_link(f->share, f->root->inode));
		KUNIT_EXPECT_FALSE(test, ditto_share_is_link(f->share, NULL));
		links = ditto_share_links(f->share);
		KUNIT_EXPECT_EQ(test, !!links, !i);
		ditto_links_put(links);
	}
	ditto_node_put(in);
	folder_remove(test, f, "in", true);
}

static struct kunit_case link_cases[] = {
	KUNIT_CASE_PARAM(links_parsed, link_text_gen_params),
	KUNIT_CASE(links_empty),
	KUNIT_CASE(link_parts),
	KUNIT_CASE(links_limited),
	KUNIT_CASE(link_directory),
	KUNIT_CASE(links_of_share),
	{}
};

static struct kunit_suite link_suite = {
	.name = "ditto_link",
	FOLDER_SUITE(link_folder),
	FOLDER_CASES(link_folder),
	.test_cases = link_cases,
};

kunit_test_suite(link_suite);
