// SPDX-License-Identifier: GPL-2.0-only
/* Changes of directories on the wire. */
#include <kunit/test.h>
#include <linux/unaligned.h>

#include "../../../smb/file/notify.h"
#include "../../../smb/wire/builder.h"

#define ROOM		512

struct list {
	struct list_head changes;
	u8 room[ROOM];
	struct dsmb_builder out;
};

static struct list *changes_begin(struct kunit *test)
{
	struct list *list = kunit_kzalloc(test, sizeof(*list), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, list);
	INIT_LIST_HEAD(&list->changes);
	list->out = dsmb_builder(list->room, sizeof(list->room));
	return list;
}

static void changes_add(struct kunit *test, struct list *list, u32 action, const char *path,
			const char *stream)
{
	u32 len = strlen(path), stream_len = stream ? strlen(stream) : 0;
	struct dsmb_notify_change *change;

	change = kunit_kzalloc(test, struct_size(change, names, len + stream_len), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, change);
	change->action = action;
	change->len = len;
	change->stream_len = stream_len;
	memcpy(change->names, path, len);
	if (stream_len)
		memcpy(change->names + len, stream, stream_len);
	list_add_tail(&change->link, &list->changes);
}

/* The change at @at is this one, and the last if @next is 0. The name is of one byte units. */
static void changes_expect(struct kunit *test, const struct list *list, u32 at, u32 next,
			   u32 action, const char *name)
{
	u32 len = strlen(name);

	KUNIT_EXPECT_EQ(test, get_unaligned_le32(list->room + at), next);
	KUNIT_EXPECT_EQ(test, get_unaligned_le32(list->room + at + 4), action);
	KUNIT_EXPECT_EQ(test, get_unaligned_le32(list->room + at + 8), 2 * len);
	for (u32 i = 0; i < len; i++)
		KUNIT_EXPECT_EQ(test, get_unaligned_le16(list->room + at + 12 + 2 * i), name[i]);
}

static void notify_one(struct kunit *test)
{
	struct list *list = changes_begin(test);

	changes_add(test, list, DITTO_WATCH_ADDED, "a", NULL);
	dsmb_notify_encode(&list->out, &list->changes);
	KUNIT_EXPECT_EQ(test, list->out.len, 14);
	changes_expect(test, list, 0, 0, 1, "a");
	KUNIT_EXPECT_GE(test, dsmb_notify_room(&list->changes), list->out.len);
}

/* All but the last are padded; paths have the other separator. */
static void notify_many(struct kunit *test)
{
	struct list *list = changes_begin(test);

	changes_add(test, list, DITTO_WATCH_RENAMED_OLD, "a", NULL);
	changes_add(test, list, DITTO_WATCH_RENAMED_NEW, "dir/b", NULL);
	changes_add(test, list, DITTO_WATCH_REMOVED, "ab", NULL);
	changes_add(test, list, DITTO_WATCH_MODIFIED, "c", NULL);
	dsmb_notify_encode(&list->out, &list->changes);
	changes_expect(test, list, 0, 16, 4, "a");
	changes_expect(test, list, 16, 24, 5, "dir\\b");
	changes_expect(test, list, 40, 16, 2, "ab");
	changes_expect(test, list, 56, 0, 3, "c");
	KUNIT_EXPECT_EQ(test, list->out.len, 70);
	KUNIT_EXPECT_GE(test, dsmb_notify_room(&list->changes), list->out.len);
}

static void notify_stream(struct kunit *test)
{
	struct list *list = changes_begin(test);

	changes_add(test, list, DITTO_WATCH_STREAM_MODIFIED, "d/f", "s");
	dsmb_notify_encode(&list->out, &list->changes);
	changes_expect(test, list, 0, 0, 8, "d\\f:s");
	KUNIT_EXPECT_GE(test, dsmb_notify_room(&list->changes), list->out.len);
}

/* Names of the server with characters of several bytes, and with invalid bytes. */
static void notify_names(struct kunit *test)
{
	struct list *list = changes_begin(test);

	changes_add(test, list, DITTO_WATCH_ADDED, "\xc3\xa4\xf0\x9f\x98\x80\xff", NULL);
	dsmb_notify_encode(&list->out, &list->changes);
	KUNIT_EXPECT_FALSE(test, list->out.full);
	KUNIT_EXPECT_EQ(test, get_unaligned_le32(list->room + 8), 8);
	KUNIT_EXPECT_EQ(test, get_unaligned_le16(list->room + 12), 0xe4);
	KUNIT_EXPECT_EQ(test, get_unaligned_le16(list->room + 14), 0xd83d);
	KUNIT_EXPECT_EQ(test, get_unaligned_le16(list->room + 16), 0xde00);
	KUNIT_EXPECT_EQ(test, get_unaligned_le16(list->room + 18), 0xf7ff);
	KUNIT_EXPECT_GE(test, dsmb_notify_room(&list->changes), list->out.len);
}

/* Changes that do not fit are noticed. */
static void notify_full(struct kunit *test)
{
	struct list *list = changes_begin(test);

	changes_add(test, list, DITTO_WATCH_ADDED, "abc", NULL);
	changes_add(test, list, DITTO_WATCH_ADDED, "def", NULL);
	list->out = dsmb_builder(list->room, 37);
	dsmb_notify_encode(&list->out, &list->changes);
	KUNIT_EXPECT_TRUE(test, list->out.full);
	list->out = dsmb_builder(list->room, 38);
	dsmb_notify_encode(&list->out, &list->changes);
	KUNIT_EXPECT_FALSE(test, list->out.full);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(notify_one),
	KUNIT_CASE(notify_many),
	KUNIT_CASE(notify_stream),
	KUNIT_CASE(notify_names),
	KUNIT_CASE(notify_full),
	{}
};

static struct kunit_suite suite = {
	.name = "smb_notify",
	.test_cases = cases,
};

kunit_test_suite(suite);
