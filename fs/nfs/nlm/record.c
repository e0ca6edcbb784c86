// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of hosts as the helper stores them, in network byte order. The key holds
 * the identity of a record.
 *
 *   key	kind (1), address (16), of MONITOR: program (4), version (4),
 *		procedure (4), length of the name (2); then the names
 *   data	our address (16), scope (4), UDP (1), state (4), priv (16)
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "record.h"

#define HOST_HEAD	(1 + 16)
#define MONITOR_HEAD	(HOST_HEAD + 4 + 4 + 4 + 2)

static u8 *record_encode(u8 *p, const void *data, size_t len)
{
	memcpy(p, data, len);
	return p + len;
}

static u8 *encode_u32(u8 *p, u32 value)
{
	put_unaligned_be32(value, p);
	return p + 4;
}

static const u8 *record_get(const u8 *p, void *data, size_t len)
{
	memcpy(data, p, len);
	return p + len;
}

static const u8 *get_u32(const u8 *p, u32 *value)
{
	*value = get_unaligned_be32(p);
	return p + 4;
}

static void dnlm_record_data(const struct dnlm_record *rec, u8 data[DNLM_RECORD_DATA])
{
	u8 *p = record_encode(data, &rec->local, sizeof(rec->local));

	p = encode_u32(p, rec->scope);
	*p++ = rec->udp;
	p = encode_u32(p, rec->state);
	record_encode(p, rec->priv, sizeof(rec->priv));
}

/* Convert a record for storage. Return: false if the names are too long. */
bool dnlm_record_pack(const struct dnlm_record *rec, struct dnlm_record_bytes *bytes)
{
	bool monitor = rec->kind == DNLM_RECORD_MONITOR;
	size_t len = (monitor ? MONITOR_HEAD + rec->my_name_len : HOST_HEAD) + rec->name_len;
	u8 *p = bytes->key;

	if (len > sizeof(bytes->key))
		return false;
	*p++ = rec->kind;
	p = record_encode(p, &rec->addr, sizeof(rec->addr));
	if (monitor) {
		p = encode_u32(p, rec->program);
		p = encode_u32(p, rec->version);
		p = encode_u32(p, rec->procedure);
		put_unaligned_be16(rec->name_len, p);
		p += 2;
	}
	p = record_encode(p, rec->name, rec->name_len);
	if (monitor)
		record_encode(p, rec->my_name, rec->my_name_len);
	bytes->key_len = len;

	dnlm_record_data(rec, bytes->data);
	bytes->data_len = DNLM_RECORD_DATA;
	return true;
}

static bool unpack_names(const u8 *p, const u8 *end, struct dnlm_record *rec)
{
	rec->name_len = end - p;
	if (rec->kind == DNLM_RECORD_MONITOR) {
		rec->name_len = get_unaligned_be16(p);
		p += 2;
		if (rec->name_len > end - p)
			return false;
		rec->my_name_len = end - p - rec->name_len;
	}
	if (!rec->name_len)
		return false;
	p = record_get(p, rec->name, rec->name_len);
	record_get(p, rec->my_name, rec->my_name_len);
	return true;
}

/*
 * Convert a record from storage. @key_len: bytes of @key; @data: its data; bytes that a newer
 * version has added are ignored; @data_len: bytes of @data. Return: false if it is not valid.
 */
bool dnlm_record_unpack(const u8 *key, size_t key_len, const u8 *data, size_t data_len,
			struct dnlm_record *rec)
{
	const u8 *p = key;
	u8 udp;

	if (key_len < HOST_HEAD || key_len > DITTO_RECORD_KEY_MAX || data_len < DNLM_RECORD_DATA)
		return false;
	rec->kind = *p++;
	if (rec->kind > DNLM_RECORD_MONITOR ||
	    (rec->kind == DNLM_RECORD_MONITOR && key_len < MONITOR_HEAD))
		return false;
	p = record_get(p, &rec->addr, sizeof(rec->addr));
	if (rec->kind == DNLM_RECORD_MONITOR) {
		p = get_u32(p, &rec->program);
		p = get_u32(p, &rec->version);
		p = get_u32(p, &rec->procedure);
	}
	if (!unpack_names(p, key + key_len, rec))
		return false;
	p = record_get(data, &rec->local, sizeof(rec->local));
	p = get_u32(p, &rec->scope);
	p = record_get(p, &udp, sizeof(udp));
	rec->udp = udp;
	p = get_u32(p, &rec->state);
	record_get(p, rec->priv, sizeof(rec->priv));
	return true;
}

/* The recorder of a record's identity, to be put, or an ERR_PTR: as ditto_recorder_get(). */
struct ditto_recorder *dnlm_record_recorder(struct ditto_recorders *recorders,
					    const struct dnlm_record *rec)
{
	struct dnlm_record_bytes *bytes = kmalloc(sizeof(*bytes), GFP_KERNEL);
	struct ditto_recorder *recorder = ERR_PTR(-EINVAL);

	if (!bytes)
		return ERR_PTR(-ENOMEM);
	if (dnlm_record_pack(rec, bytes))
		recorder = ditto_recorder_get(recorders, DITTO_RECORD_MONITORED_HOST, bytes->key,
					      bytes->key_len, &rec->addr);
	kfree(bytes);
	return recorder;
}

/* Have a record written, as ditto_recorder_set(). */
int dnlm_record_set(struct ditto_recorder *recorder, u64 owner, const struct dnlm_record *rec)
{
	u8 data[DNLM_RECORD_DATA];

	dnlm_record_data(rec, data);
	return ditto_recorder_set(recorder, owner, data, sizeof(data), NULL);
}

/* A record was read, as ditto_recorder_restore(). */
int dnlm_record_restore(struct ditto_recorder *recorder, u64 owner, const struct dnlm_record *rec)
{
	u8 data[DNLM_RECORD_DATA];

	dnlm_record_data(rec, data);
	return ditto_recorder_restore(recorder, owner, data, sizeof(data));
}

struct listing {
	int (*fn)(const struct dnlm_record *rec, void *arg);
	void *arg;
};

static int dnlm_record_listed(const struct ditto_record *record, void *arg)
{
	struct dnlm_record *rec = kzalloc(sizeof(*rec), GFP_KERNEL);
	struct listing *listing = arg;
	int err = 0;

	if (!rec)
		return -ENOMEM;
	if (dnlm_record_unpack(record->key, record->key_len, record->data, record->data_len, rec))
		err = listing->fn(rec, listing->arg);
	else
		pr_warn("a record of a host that locked cannot be read: the host is not told of the restart\n");
	kfree(rec);
	return err;
}

/*
 * Call a function for the records from before the restart. Return: 0, the result of @fn, or
 * -ENOMEM.
 */
int dnlm_record_list(struct ditto_server *srv,
		     int (*fn)(const struct dnlm_record *rec, void *arg), void *arg)
{
	struct listing listing = { .fn = fn, .arg = arg };

	return ditto_record_previous_for_each(srv, DITTO_RECORD_MONITORED_HOST,
					      dnlm_record_listed, &listing);
}
