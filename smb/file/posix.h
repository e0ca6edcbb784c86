/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SMB3 POSIX extensions: how owner, mode and links travel. What an open that
 * asks for them does otherwise is said with dsmb_open.posix.
 */
#ifndef _DITTO_SMB_FILE_POSIX_H
#define _DITTO_SMB_FILE_POSIX_H

#include <linux/types.h>

struct dsmb_attrs;
struct dsmb_builder;

/* POSIX-SMB2 2.2.3.1.8 and 2.2.13.2.16: the one version of them, and the create context's name. */
#define DSMB_POSIX_NAME "\x93\xad\x25\x50\x9c\xb4\x11\xe7\xb4\x23\x83\xde\x96\x8b\xcd\x7c"
#define DSMB_POSIX_NAME_LEN	16

/* A mode as the wire has it (POSIX-FSCC 2.1.1): permissions, and a number for the type. */
u32 dsmb_posix_mode(umode_t mode);

/**
 * dsmb_posix_permissions - permission bits of a mode of the wire
 * @wire: of a create context
 * @fallback: what a client that has no mode to give gets
 */
umode_t dsmb_posix_permissions(u32 wire, umode_t fallback);

/* Links, reparse tag, mode and both SIDs: all that a create context answers. */
void dsmb_put_posix_owners(struct dsmb_builder *b, const struct dsmb_attrs *attrs);
/* File id, device and the above: what FilePosixInformation has behind FileAttributes. */
void dsmb_put_posix(struct dsmb_builder *b, const struct dsmb_attrs *attrs);

#endif
