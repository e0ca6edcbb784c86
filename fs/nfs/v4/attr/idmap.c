// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping of owners to and from names (RFC 8881 section 5.9).
 *
 * A caller that uses numbers (AUTH_SYS) gets numbers, as strings of digits: it would turn
 * a name into a number anyway. A caller with a principal gets user@domain; the helper
 * knows the names and the server's domain. Both forms are accepted from any caller.
 *
 * The name made last is kept with its id, because the files of a listing mostly have the
 * same owner.
 */
#include <linux/fs.h>
#include <linux/string.h>

#include "../../../../net/helper/names.h"
#include "../../../../net/peer.h"
#include "../../../../net/server.h"
#include "../../../share/share.h"
#include "../../rpc/call.h"
#include "../../rpc/owner.h"
#include "../engine/compound.h"
#include "idmap.h"

#define DIGITS_MAX	10

static void say_number(u32 id, struct dnfs4_owner_text *text)
{
	unsigned int n = 1;

	if (text->len && text->id == id)
		return;
	for (u32 rest = id; rest >= 10; rest /= 10)
		n++;
	text->id = id;
	text->len = n;
	do {
		text->text[--n] = '0' + id % 10;
		id /= 10;
	} while (n);
}

/*
 * Reads a numeric owner string (RFC 7530 section 5.9); false if it is no number. Parses a number:
 * digits without a leading zero. A domain must not follow.
 */
bool dnfs4_read_number(const char *text, u32 len, u32 *id)
{
	u64 number = 0;

	if (!len || len > DIGITS_MAX || (text[0] == '0' && len > 1))
		return false;
	for (u32 i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		number = 10 * number + text[i] - '0';
	}
	*id = number;
	return number <= U32_MAX;
}

/* Uses the name that was found, or else the number. -EJUKEBOX is the only error. */
static int say_name(int len, u32 id, struct dnfs4_owner_text *text)
{
	if (len == -EJUKEBOX)
		return len;
	if (len <= 0) {
		text->len = 0;
		say_number(id, text);
		return 0;
	}
	text->id = id;
	text->len = len;
	return 0;
}

/*
 * Give the name of an owner. A caller without a principal (AUTH_SYS) gets the number. So does any
 * caller if there is no helper, or no name for the owner. Return: 0, or -EJUKEBOX while the helper
 * is asked.
 */
int dnfs4_uid_name(const struct dnfs4_compound *cmp, kuid_t uid, struct dnfs4_owner_text *text)
{
	u32 id = dnfs_uid_out(cmp->call->userns, uid);

	if (!(cmp->call->sec & DNFS_SEC_PROVEN)) {
		say_number(id, text);
		return 0;
	}
	if (text->len && text->id == id)
		return 0;
	return say_name(ditto_names_of_user(cmp->call->srv, uid, text->text, sizeof(text->text),
					&cmp->call->peer->addr), id, text);
}

/*
 * Give the name of a group; see dnfs4_uid_name(). Return: 0, or -EJUKEBOX while the helper is
 * asked.
 */
int dnfs4_gid_name(const struct dnfs4_compound *cmp, kgid_t gid, struct dnfs4_owner_text *text)
{
	u32 id = dnfs_gid_out(cmp->call->userns, gid);

	if (!(cmp->call->sec & DNFS_SEC_PROVEN)) {
		say_number(id, text);
		return 0;
	}
	if (text->len && text->id == id)
		return 0;
	return say_name(ditto_names_of_group(cmp->call->srv, gid, text->text, sizeof(text->text),
					&cmp->call->peer->addr), id, text);
}

/* Terminates a name for the helper. False if it cannot be a valid one. */
static bool copy_name(const char *text, u32 len, char name[DITTO_NAMES_NAME_MAX + 1])
{
	if (!len || len > DITTO_NAMES_NAME_MAX || memchr(text, '\0', len))
		return false;
	memcpy(name, text, len);
	name[len] = '\0';
	return true;
}

static u32 read_status(int err)
{
	switch (err) {
	case 0:
		return NFS4_OK;
	case -EJUKEBOX:
		return NFS4ERR_DELAY;
	default:
		return NFS4ERR_BADOWNER;
	}
}

/*
 * Find the owner of a name from the wire. @len: bytes of @text. Return: NFS4_OK, NFS4ERR_BADOWNER,
 * or NFS4ERR_DELAY while the helper is asked.
 */
u32 dnfs4_owner_read(const struct dnfs4_compound *cmp, const char *text, u32 len, kuid_t *uid)
{
	char name[DITTO_NAMES_NAME_MAX + 1];
	u32 id;

	if (dnfs4_read_number(text, len, &id)) {
		*uid = make_kuid(cmp->call->userns, id);
		return uid_valid(*uid) ? NFS4_OK : NFS4ERR_BADOWNER;
	}
	if (!copy_name(text, len, name))
		return NFS4ERR_BADOWNER;
	return read_status(ditto_names_user(cmp->call->srv, name, uid, &cmp->call->peer->addr));
}

/*
 * Find the group of a name from the wire. @len: bytes of @text. Return: NFS4_OK, NFS4ERR_BADOWNER,
 * or NFS4ERR_DELAY while the helper is asked.
 */
u32 dnfs4_group_read(const struct dnfs4_compound *cmp, const char *text, u32 len, kgid_t *gid)
{
	char name[DITTO_NAMES_NAME_MAX + 1];
	u32 id;

	if (dnfs4_read_number(text, len, &id)) {
		*gid = make_kgid(cmp->call->userns, id);
		return gid_valid(*gid) ? NFS4_OK : NFS4ERR_BADOWNER;
	}
	if (!copy_name(text, len, name))
		return NFS4ERR_BADOWNER;
	return read_status(ditto_names_group(cmp->call->srv, name, gid, &cmp->call->peer->addr));
}
