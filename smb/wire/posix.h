/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SMB3 POSIX extensions: the form of owner, mode and links on the wire. An open that requested
 * the extensions has dsmb_open.posix set.
 */
#ifndef _DITTO_SMB_WIRE_POSIX_H
#define _DITTO_SMB_WIRE_POSIX_H

#include <linux/types.h>

struct dsmb_attrs;
struct dsmb_builder;

/*
 * POSIX-SMB2 sections 2.2.3.1.8 and 2.2.13.2.16: the only version of the extensions, which is also
 * the name of the create context.
 */
#define DSMB_POSIX_NAME "\x93\xad\x25\x50\x9c\xb4\x11\xe7\xb4\x23\x83\xde\x96\x8b\xcd\x7c"
#define DSMB_POSIX_NAME_LEN	16

u32 dsmb_posix_mode(umode_t mode);
umode_t dsmb_posix_permissions(u32 wire, umode_t fallback);
void dsmb_encode_posix_owners(struct dsmb_builder *b, const struct dsmb_attrs *attrs);
void dsmb_encode_posix(struct dsmb_builder *b, const struct dsmb_attrs *attrs);

#endif
