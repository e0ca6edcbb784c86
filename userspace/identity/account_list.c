// SPDX-License-Identifier: GPL-2.0-only
/* Lists of the accounts of this machine; see account_list.h. */

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account_list.h"
#include "identity.h"
#include "mem.h"
#include "rpc/rpc.h"

/* Longest line of the files. */
#define LINE_SIZE	(256 * 1024)

/* Add an account that has a SID. Returns NULL if it has none, or if the list is full. */
static struct row *list_add(struct rows *rows, unsigned int kind, u32 id, u32 listed,
			    const char *const text[ROW_TEXTS])
{
	struct row *row = NULL;
	u32 rid;

	if (identity_rid(kind, id, &rid))
		row = rows_add(rows, text[0], text[1], text[2]);
	if (row) {
		row->number[ACCOUNT_ID] = id;
		row->number[ACCOUNT_LISTED] = id >= listed && id != IDENTITY_NOBODY;
	}
	return row;
}

/* By number, and names of equal numbers in a fixed order. */
static int row_compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->number[ACCOUNT_ID] != y->number[ACCOUNT_ID])
		return x->number[ACCOUNT_ID] < y->number[ACCOUNT_ID] ? -1 : 1;
	return strcmp(x->text[ACCOUNT_NAME], y->text[ACCOUNT_NAME]);
}

static void list_sort(struct rows *rows)
{
	if (rows->n)
		qsort(rows->row, rows->n, sizeof(*rows->row), row_compare);
}

int account_list_users(u32 listed, struct rows *out)
{
	FILE *file = fopen(identity_local_file(IDENTITY_USER), "re");
	struct passwd pw, *found;
	char *buf;

	memset(out, 0, sizeof(*out));
	if (!file)
		return -errno;
	buf = mem_new(LINE_SIZE);
	while (!fgetpwent_r(file, &pw, buf, LINE_SIZE, &found)) {
		const char *text[ROW_TEXTS] = { pw.pw_name, pw.pw_gecos, NULL };
		struct row *row;

		if (!identity_is_account(pw.pw_name))
			continue;
		/* Behind the first comma are telephone numbers. */
		pw.pw_gecos[strcspn(pw.pw_gecos, ",")] = '\0';
		row = list_add(out, IDENTITY_USER, pw.pw_uid, listed, text);
		if (row)
			row->number[ACCOUNT_GID] = pw.pw_gid;
	}
	free(buf);
	fclose(file);
	list_sort(out);
	return 0;
}

/* Join as many names as a text of a row can have. */
static void join_members(char **names, char text[ROW_TEXT_MAX + 1])
{
	size_t used = 0, len;

	for (; *names; names++) {
		len = strlen(*names);
		if (len + 1 > ROW_TEXT_MAX - used)
			break;
		if (used)
			text[used++] = ',';
		memcpy(text + used, *names, len);
		used += len;
	}
	text[used] = '\0';
}

int account_list_groups(u32 listed, struct rows *out)
{
	FILE *file = fopen(identity_local_file(IDENTITY_GROUP), "re");
	char members[ROW_TEXT_MAX + 1];
	struct group gr, *found;
	char *buf;

	memset(out, 0, sizeof(*out));
	if (!file)
		return -errno;
	buf = mem_new(LINE_SIZE);
	while (!fgetgrent_r(file, &gr, buf, LINE_SIZE, &found)) {
		const char *text[ROW_TEXTS] = { gr.gr_name, NULL, members };

		if (!identity_is_account(gr.gr_name))
			continue;
		join_members(gr.gr_mem, members);
		list_add(out, IDENTITY_GROUP, gr.gr_gid, listed, text);
	}
	free(buf);
	fclose(file);
	list_sort(out);
	return 0;
}
