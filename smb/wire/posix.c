// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SMB3 POSIX extensions, POSIX-SMB2 and POSIX-FSCC: modes, and the fields with links, owner and
 * group.
 */

#include <linux/array_size.h>
#include <linux/stat.h>

#include "attrs.h"
#include "builder.h"
#include "posix.h"
#include "sid.h"

/* Position of the file type in a mode of the wire. */
#define DSMB_POSIX_TYPE_SHIFT	12
/* All bits are set if a client has no mode to give, for example when it opens an existing file. */
#define DSMB_POSIX_NO_MODE	0xffff

/* POSIX-FSCC section 2.1.1.2: the number of a type is its index. */
static const umode_t dsmb_posix_types[] = {
	S_IFREG, S_IFDIR, S_IFLNK, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK,
};

/*
 * Convert a mode to the form of the wire. POSIX-FSCC section 2.1.1. Return: permission bits, and
 * the number of the file type above them.
 */
u32 dsmb_posix_mode(umode_t mode)
{
	u32 type;

	for (type = 0; type < ARRAY_SIZE(dsmb_posix_types); type++)
		if (dsmb_posix_types[type] == (mode & S_IFMT))
			return (mode & S_IALLUGO) | type << DSMB_POSIX_TYPE_SHIFT;
	return mode & S_IALLUGO;
}

/*
 * Get the permission bits from a mode of the wire. Return: permission bits with set-id and sticky
 * bits, or @fallback.
 */
umode_t dsmb_posix_permissions(u32 wire, umode_t fallback)
{
	if ((wire & DSMB_POSIX_NO_MODE) == DSMB_POSIX_NO_MODE)
		return fallback;
	return wire & S_IALLUGO;
}

/*
 * Encode links, reparse tag, mode, owner SID and group SID. This is the whole response of the POSIX
 * create context.
 */
void dsmb_encode_posix_owners(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	const struct ditto_sid owner = ditto_sid_of_uid(attrs->uid);
	const struct ditto_sid group = ditto_sid_of_gid(attrs->gid);

	dsmb_encode_u32(b, attrs->links);
	dsmb_encode_u32(b, attrs->reparse_tag);
	dsmb_encode_u32(b, dsmb_posix_mode(attrs->mode));
	dsmb_encode_sid(b, &owner);
	dsmb_encode_sid(b, &group);
}

/*
 * Encode file id, device and the fields of dsmb_encode_posix_owners(). This is the part of
 * FilePosixInformation behind FileAttributes.
 */
void dsmb_encode_posix(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	dsmb_encode_u64(b, attrs->file_id);
	/* DeviceId, made from the id of the file system. */
	dsmb_encode_u32(b, attrs->volume_id ^ attrs->volume_id >> 32);
	dsmb_encode_u32(b, 0);
	dsmb_encode_posix_owners(b, attrs);
}
