/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of objects in a bucket, such as "chunks/XX/HEX". */
#ifndef _DITTO_OFFLOAD_OBJECT_NAME_H
#define _DITTO_OFFLOAD_OBJECT_NAME_H

#include "hash.h"
#include "types.h"

/* Bytes of the longest name, with the NUL. */
#define OBJECT_NAME_SIZE	96

/* Format the name of an object of a kind of enum envelope_kind. */
void object_name(u32 kind, const u8 name[HASH_SIZE], char text[OBJECT_NAME_SIZE]);
/*
 * Read the name of an object, or only its kind from a folder. Returns false unless object_name()
 * formats it so.
 */
bool object_name_parse(const char *text, u32 *kind, u8 name[HASH_SIZE]);

#endif
