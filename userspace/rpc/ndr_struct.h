/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Structures and parameters in NDR by their description: rows of fields, which one reader and one
 * writer understand. What a pointer stands for follows the structure that has the pointer (C706
 * section 14.3.12).
 */
#ifndef _DITTOD_NDR_STRUCT_H
#define _DITTOD_NDR_STRUCT_H

#include "mem.h"
#include "ndr.h"

/* Longest text in parameters in bytes, including the NUL. */
#define NDR_TEXT_SIZE	1024

/**
 * enum ndr_type - type of a field, and what it is in memory
 * @NDR_END: behind the last field
 * @NDR_U8: u8
 * @NDR_U16: u16
 * @NDR_U32: u32
 * @NDR_U64: u64; only written
 * @NDR_OLD_U64: u64 that is aligned as two numbers of 32 bits (OLD_LARGE_INTEGER); only written
 * @NDR_BYTES: u8[], as many as the field says; only written
 * @NDR_ALIGN: nothing, with the alignment that the field says; only written
 * @NDR_STRING: [string], const char *; only read
 * @NDR_TEXT: [unique, string], const char *, which is written if it is not NULL
 * @NDR_UNICODE: RPC_UNICODE_STRING, as @NDR_TEXT
 * @NDR_SID: struct sid
 * @NDR_POINTER: [unique] pointer to a structure
 * @NDR_STRUCT: struct ndr_any; only written
 * @NDR_ARRAY: [unique] pointer to a conformant array, struct ndr_array
 * @NDR_ELEMENTS: conformant array, struct ndr_array; only read
 * @NDR_VARYING: conformant varying array, struct ndr_array; only read
 *
 * Text without a pointer is read as "". The number of elements of an array is a field before it.
 */
enum ndr_type {
	NDR_END,
	NDR_U8,
	NDR_U16,
	NDR_U32,
	NDR_U64,
	NDR_OLD_U64,
	NDR_BYTES,
	NDR_ALIGN,
	NDR_STRING,
	NDR_TEXT,
	NDR_UNICODE,
	NDR_SID,
	NDR_POINTER,
	NDR_STRUCT,
	NDR_ARRAY,
	NDR_ELEMENTS,
	NDR_VARYING,
};

/* Place of a field that always has the same value, and that is read over. */
#define NDR_FIXED	0xffff

/**
 * struct ndr_field - a field of a structure
 * @type: its type
 * @at: offset in the structure in memory, or NDR_FIXED
 * @n: number of bytes, alignment, or most elements of an array that is read
 * @value: number that is always written; of bytes each of them; of a pointer whether it is set, or
 *	must be when it is read
 * @text: text that is always written
 * @of: structure of a pointer's target or of an array's elements
 */
struct ndr_field {
	u8 type;
	u16 at;
	u32 n;
	u64 value;
	const char *text;
	const struct ndr_struct *of;
};

/**
 * struct ndr_struct - a structure
 * @size: its size in memory
 * @field: its fields in order, up to NDR_END
 */
struct ndr_struct {
	size_t size;
	const struct ndr_field *field;
};

/**
 * struct ndr_any - a structure whose kind is known when it is written
 * @of: its description; NULL for nothing
 * @item: the structure
 */
struct ndr_any {
	const struct ndr_struct *of;
	const void *item;
};

/* A number of 16 bits and the structure of that number. */
struct ndr_union {
	u16 level;
	struct ndr_any arm;
};

/**
 * struct ndr_array - an array
 * @n: number of elements
 * @item: the elements
 * @of: their description, if the field has none
 */
struct ndr_array {
	u32 n;
	void *item;
	const struct ndr_struct *of;
};

/* Rows of fields: all, one of a structure, and those with a value. */
#define NDR_FIELDS(...)		((const struct ndr_field[]){ __VA_ARGS__, { .type = NDR_END } })
#define NDR_AT(kind, in, name, ...) \
	{ .type = NDR_##kind, .at = offsetof(in, name), ##__VA_ARGS__ }
#define NDR_NUMBER(kind, number) \
	{ .type = NDR_##kind, .at = NDR_FIXED, .value = (number) }
#define NDR_WORDS(kind, words)	{ .type = NDR_##kind, .at = NDR_FIXED, .text = (words) }
#define NDR_FILL(number, byte) \
	{ .type = NDR_BYTES, .at = NDR_FIXED, .n = (number), .value = (byte) }
/* The number of elements of an array, and a pointer to them. */
#define NDR_COUNTED(in, name, ...) \
	NDR_AT(U32, in, name.n), NDR_AT(ARRAY, in, name, ##__VA_ARGS__)

/*
 * As targets and elements: a byte, a number, a SID, a pointer to a SID, an RPC_UNICODE_STRING,
 * struct ndr_any, struct ndr_union, and nothing.
 */
extern const struct ndr_struct ndr_of_byte;
extern const struct ndr_struct ndr_of_number;
extern const struct ndr_struct ndr_of_sid;
extern const struct ndr_struct ndr_of_sid_pointer;
extern const struct ndr_struct ndr_of_unicode;
extern const struct ndr_struct ndr_of_any;
extern const struct ndr_struct ndr_of_union;
extern const struct ndr_struct ndr_of_nothing;

/*
 * Read parameters into a zeroed structure; what they point to is memory of the chain. If @in is bad
 * afterwards, or has too many elements, no pointer is valid.
 */
void ndr_read(struct ndr_in *in, const struct ndr_field *field, void *to, struct mem_chain **chain);
/* Write parameters. Without fields both do nothing. */
void ndr_write(struct ndr_out *out, const struct ndr_field *field, const void *from);
/* Length in bytes of an element of an array with what it points to. */
size_t ndr_struct_len(const struct ndr_struct *s, const void *item);

#endif
