// SPDX-License-Identifier: GPL-2.0-only
/* Structures and parameters in NDR by their description; see ndr_struct.h. */

#include <stdlib.h>
#include <string.h>

#include "ndr_struct.h"
#include "identity/sid.h"

const struct ndr_struct ndr_of_byte = { sizeof(u8), NDR_FIELDS({ .type = NDR_U8 }) };
const struct ndr_struct ndr_of_number = { sizeof(u32), NDR_FIELDS({ .type = NDR_U32 }) };
const struct ndr_struct ndr_of_sid = { sizeof(struct sid), NDR_FIELDS({ .type = NDR_SID }) };
const struct ndr_struct ndr_of_sid_pointer = {
	sizeof(struct sid *), NDR_FIELDS({ .type = NDR_POINTER, .of = &ndr_of_sid, .value = 1 })
};

const struct ndr_struct ndr_of_unicode = { sizeof(char *), NDR_FIELDS({ .type = NDR_UNICODE }) };
const struct ndr_struct ndr_of_any = { sizeof(struct ndr_any), NDR_FIELDS({ .type = NDR_STRUCT }) };
const struct ndr_struct ndr_of_union = {
	sizeof(struct ndr_union),
	NDR_FIELDS(NDR_AT(U16, struct ndr_union, level), NDR_AT(STRUCT, struct ndr_union, arm))
};

const struct ndr_struct ndr_of_nothing = { 1, NDR_FIELDS({ .type = NDR_END }) };

/* What a pointer that is not NULL is until its target is read. */
static u8 target_follows;

/* A structure is aligned like its widest member. */
static size_t struct_alignment(const struct ndr_struct *s)
{
	const struct ndr_field *f;
	size_t widest = 1, one;

	for (f = s->field; f->type != NDR_END; f++) {
		one = f->type == NDR_U8 || f->type == NDR_BYTES || f->type == NDR_STRUCT ? 1 :
		      f->type == NDR_U16 ? 2 : f->type == NDR_U64 ? 8 : 4;
		widest = one > widest ? one : widest;
	}
	return widest;
}

/**
 * struct reader - parameters that are read
 * @in: the bytes
 * @chain: memory of what pointers stand for
 */
struct reader {
	struct ndr_in *in;
	struct mem_chain **chain;
};

static void read_text(struct reader *r, void *slot, const char *text)
{
	*(void **)slot = mem_chain_print(r->chain, "%s", text);
}

static void read_struct(struct reader *r, const struct ndr_struct *s, void *to);
static void read_targets(struct reader *r, const struct ndr_struct *s, void *to);

static void read_elements(struct reader *r, const struct ndr_field *f, struct ndr_array *array)
{
	u32 i;

	if (r->in->bad)
		return;
	array->item = mem_chain_new(r->chain, array->n * f->of->size);
	for (i = 0; i < array->n && !r->in->bad; i++)
		read_struct(r, f->of, (u8 *)array->item + i * f->of->size);
}

static void read_element_targets(struct reader *r, const struct ndr_field *f,
				 struct ndr_array *array)
{
	u32 i;

	for (i = 0; i < array->n && !r->in->bad; i++)
		read_targets(r, f->of, (u8 *)array->item + i * f->of->size);
}

static void read_field(struct reader *r, const struct ndr_field *f, u8 *to)
{
	void *slot = f->at == NDR_FIXED ? NULL : to + f->at;
	struct ndr_array *array = slot;
	char text[NDR_TEXT_SIZE];
	struct ndr_in *in = r->in;
	u16 units, *header;
	u32 number;

	switch ((enum ndr_type)f->type) {
	case NDR_U8:
		number = ndr_get8(in);
		if (slot)
			*(u8 *)slot = (u8)number;
		break;
	case NDR_U16:
		units = ndr_get16(in);
		if (slot)
			*(u16 *)slot = units;
		break;
	case NDR_U32:
		number = ndr_get32(in);
		if (slot)
			*(u32 *)slot = number;
		break;
	case NDR_STRING:
		ndr_get_string(in, text, sizeof(text));
		read_text(r, slot, text);
		break;
	case NDR_UNICODE:
		if (ndr_get_unicode_header(in, &units)) {
			header = mem_chain_new(r->chain, sizeof(*header));
			*header = units;
			*(void **)slot = header;
		}
		break;
	case NDR_SID:
		ndr_get_sid(in, slot);
		break;
	case NDR_TEXT:
	case NDR_POINTER:
		if (ndr_get_pointer(in))
			*(void **)slot = &target_follows;
		else if (f->value)
			in->bad = true;
		break;
	case NDR_ARRAY:
		in->excess |= array->n > f->n;
		if (ndr_get_pointer(in))
			array->item = &target_follows;
		else if (array->n && !in->excess)
			in->bad = true;
		break;
	case NDR_ELEMENTS:
		in->excess |= array->n > f->n;
		if (in->excess)
			break;
		ndr_get_count(in, array->n);
		read_elements(r, f, array);
		break;
	case NDR_VARYING:
		ndr_get_varying(in, array->n, f->n);
		read_elements(r, f, array);
		break;
	default:
		in->bad = true;
		break;
	}
}

static void read_target(struct reader *r, const struct ndr_field *f, u8 *to)
{
	void **slot = (void **)(to + f->at);
	struct ndr_array *array = (void *)slot;
	char text[NDR_TEXT_SIZE] = "";

	if (r->in->bad || r->in->excess)
		return;
	switch ((enum ndr_type)f->type) {
	case NDR_TEXT:
		if (*slot)
			ndr_get_string(r->in, text, sizeof(text));
		read_text(r, slot, text);
		break;
	case NDR_UNICODE:
		if (*slot)
			ndr_get_unicode(r->in, *(u16 *)*slot, text, sizeof(text));
		read_text(r, slot, text);
		break;
	case NDR_POINTER:
		if (!*slot)
			break;
		*slot = mem_chain_new(r->chain, f->of->size);
		read_struct(r, f->of, *slot);
		read_targets(r, f->of, *slot);
		break;
	case NDR_ARRAY:
		if (!array->item)
			break;
		ndr_get_count(r->in, array->n);
		read_elements(r, f, array);
		read_element_targets(r, f, array);
		break;
	case NDR_ELEMENTS:
	case NDR_VARYING:
		read_element_targets(r, f, array);
		break;
	default:
		break;
	}
}

static void read_struct(struct reader *r, const struct ndr_struct *s, void *to)
{
	const struct ndr_field *f;

	ndr_get(r->in, -r->in->pos & (struct_alignment(s) - 1));
	for (f = s->field; f->type != NDR_END; f++)
		read_field(r, f, to);
}

static void read_targets(struct reader *r, const struct ndr_struct *s, void *to)
{
	const struct ndr_field *f;

	for (f = s->field; f->type != NDR_END; f++)
		read_target(r, f, to);
}

void ndr_read(struct ndr_in *in, const struct ndr_field *field, void *to, struct mem_chain **chain)
{
	struct reader r = { in, chain };

	for (; field && field->type != NDR_END && !in->bad && !in->excess; field++) {
		read_field(&r, field, to);
		read_target(&r, field, to);
	}
}

static const u8 *slot_of(const struct ndr_field *f, const void *from)
{
	return (const u8 *)from + f->at;
}

static u64 number_of(const struct ndr_field *f, const void *from)
{
	if (f->at == NDR_FIXED)
		return f->value;
	switch ((enum ndr_type)f->type) {
	case NDR_U8:
		return *slot_of(f, from);
	case NDR_U16:
		return *(const u16 *)slot_of(f, from);
	case NDR_U32:
		return *(const u32 *)slot_of(f, from);
	default:
		return *(const u64 *)slot_of(f, from);
	}
}

static const char *text_of(const struct ndr_field *f, const void *from)
{
	return f->at == NDR_FIXED ? f->text : *(const char *const *)slot_of(f, from);
}

static bool has_target(const struct ndr_field *f, const void *from)
{
	return f->at == NDR_FIXED ? f->value : !!*(const void *const *)slot_of(f, from);
}

static void write_struct(struct ndr_out *out, const struct ndr_struct *s, const void *from);
static void write_targets(struct ndr_out *out, const struct ndr_struct *s, const void *from);

static void write_field(struct ndr_out *out, const struct ndr_field *f, const void *from)
{
	const struct ndr_any *any;
	u32 i;

	switch ((enum ndr_type)f->type) {
	case NDR_U8:
		ndr_put8(out, (u8)number_of(f, from));
		break;
	case NDR_U16:
		ndr_put16(out, (u16)number_of(f, from));
		break;
	case NDR_U32:
		ndr_put32(out, (u32)number_of(f, from));
		break;
	case NDR_U64:
		ndr_put64(out, number_of(f, from));
		break;
	case NDR_OLD_U64:
		ndr_put32(out, (u32)number_of(f, from));
		ndr_put32(out, (u32)(number_of(f, from) >> 32));
		break;
	case NDR_BYTES:
		for (i = 0; i < f->n; i++)
			ndr_put8(out, f->at == NDR_FIXED ? (u8)f->value : slot_of(f, from)[i]);
		break;
	case NDR_ALIGN:
		ndr_align(out, f->n);
		break;
	case NDR_TEXT:
		ndr_put_pointer(out, text_of(f, from));
		break;
	case NDR_UNICODE:
		if (text_of(f, from)) {
			ndr_put_unicode_header(out, text_of(f, from));
		} else {
			ndr_put32(out, 0);
			ndr_put_pointer(out, false);
		}
		break;
	case NDR_SID:
		ndr_put_sid(out, (const void *)slot_of(f, from));
		break;
	case NDR_POINTER:
		ndr_put_pointer(out, has_target(f, from));
		break;
	case NDR_STRUCT:
		any = (const void *)slot_of(f, from);
		if (any->of)
			write_struct(out, any->of, any->item);
		break;
	case NDR_ARRAY:
		ndr_put_pointer(out, ((const struct ndr_array *)slot_of(f, from))->n);
		break;
	default:
		break;
	}
}

static void write_elements(struct ndr_out *out, const struct ndr_field *f,
			   const struct ndr_array *array)
{
	const struct ndr_struct *of = f->of ?: array->of;
	const u8 *item = array->item;
	u32 i;

	if (!array->n)
		return;
	ndr_put32(out, array->n);
	for (i = 0; i < array->n; i++)
		write_struct(out, of, item + i * of->size);
	for (i = 0; i < array->n; i++)
		write_targets(out, of, item + i * of->size);
}

static void write_target(struct ndr_out *out, const struct ndr_field *f, const void *from)
{
	const struct ndr_any *any;
	const void *target;

	switch ((enum ndr_type)f->type) {
	case NDR_TEXT:
		if (text_of(f, from))
			ndr_put_string(out, text_of(f, from));
		break;
	case NDR_UNICODE:
		if (text_of(f, from))
			ndr_put_unicode(out, text_of(f, from));
		break;
	case NDR_POINTER:
		if (!has_target(f, from))
			break;
		target = f->at == NDR_FIXED ? NULL : *(const void *const *)slot_of(f, from);
		write_struct(out, f->of, target);
		write_targets(out, f->of, target);
		break;
	case NDR_STRUCT:
		any = (const void *)slot_of(f, from);
		if (any->of)
			write_targets(out, any->of, any->item);
		break;
	case NDR_ARRAY:
		write_elements(out, f, (const void *)slot_of(f, from));
		break;
	default:
		break;
	}
}

static void write_struct(struct ndr_out *out, const struct ndr_struct *s, const void *from)
{
	const struct ndr_field *f;

	ndr_align(out, struct_alignment(s));
	for (f = s->field; f->type != NDR_END; f++)
		write_field(out, f, from);
}

static void write_targets(struct ndr_out *out, const struct ndr_struct *s, const void *from)
{
	const struct ndr_field *f;

	for (f = s->field; f->type != NDR_END; f++)
		write_target(out, f, from);
}

void ndr_write(struct ndr_out *out, const struct ndr_field *field, const void *from)
{
	for (; field && field->type != NDR_END; field++) {
		write_field(out, field, from);
		write_target(out, field, from);
	}
}

size_t ndr_struct_len(const struct ndr_struct *s, const void *item)
{
	struct ndr_out out;

	ndr_out_init(&out, SIZE_MAX);
	write_struct(&out, s, item);
	write_targets(&out, s, item);
	ndr_align(&out, 4);
	free(out.data);
	return out.len;
}
