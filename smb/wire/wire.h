/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The wire format that all messages have in common (MS-SMB2 section 2.2.1), and the limits of
 * this server.
 */
#ifndef _DITTO_SMB_WIRE_WIRE_H
#define _DITTO_SMB_WIRE_WIRE_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>

#define DSMB_PROTOCOL_ID		0x424d53fe	/* 0xFE 'S' 'M' 'B' */
#define DSMB_TRANSFORM_ID		0x424d53fd	/* MS-SMB2 section 2.2.41 */
#define DSMB_COMPRESSED_ID		0x424d53fc	/* MS-SMB2 section 2.2.42 */
#define DSMB_SMB1_ID			0x424d53ff

/* MS-SMB2 section 2.2.1: the header of sections 2.2.1.1 (ASYNC) and 2.2.1.2 (SYNC). */
struct dsmb_header {
	__le32 protocol_id;
	__le16 structure_size;		/* 64 */
	__le16 credit_charge;
	__le32 status;			/* 3.x request: ChannelSequence, Reserved */
	__le16 command;
	__le16 credits;			/* requested, or granted */
	__le32 flags;
	__le32 next_command;
	__le64 message_id;
	union {
		struct {
			__le32 reserved;
			__le32 tree_id;
		};
		__le64 async_id;
	};
	__le64 session_id;
	u8 signature[16];
} __packed;

static_assert(sizeof(struct dsmb_header) == 64);

/* The transform header of MS-SMB2 section 2.2.41. */
struct dsmb_transform {
	__le32 protocol_id;
	u8 signature[16];
	u8 nonce[16];
	__le32 original_size;
	__le16 reserved;
	__le16 flags;			/* 0x0001: encrypted */
	__le64 session_id;
} __packed;

static_assert(sizeof(struct dsmb_transform) == 52);

/* Values of dsmb_header.flags. */
#define DSMB_FLAG_RESPONSE		0x00000001
#define DSMB_FLAG_ASYNC			0x00000002
#define DSMB_FLAG_RELATED		0x00000004
#define DSMB_FLAG_SIGNED		0x00000008
#define DSMB_FLAG_PRIORITY_MASK		0x00000070
#define DSMB_FLAG_DFS			0x10000000
#define DSMB_FLAG_REPLAY		0x20000000

enum dsmb_command_code {
	DSMB_NEGOTIATE,
	DSMB_SESSION_SETUP,
	DSMB_LOGOFF,
	DSMB_TREE_CONNECT,
	DSMB_TREE_DISCONNECT,
	DSMB_CREATE,
	DSMB_CLOSE,
	DSMB_FLUSH,
	DSMB_READ,
	DSMB_WRITE,
	DSMB_LOCK,
	DSMB_IOCTL,
	DSMB_CANCEL,
	DSMB_ECHO,
	DSMB_QUERY_DIRECTORY,
	DSMB_CHANGE_NOTIFY,
	DSMB_QUERY_INFO,
	DSMB_SET_INFO,
	DSMB_OPLOCK_BREAK,
	DSMB_COMMANDS,
};

/* MS-SMB2 sections 2.2.3 and 2.2.4. */
#define DSMB_DIALECT_202		0x0202
#define DSMB_DIALECT_210		0x0210
#define DSMB_DIALECT_300		0x0300
#define DSMB_DIALECT_302		0x0302
#define DSMB_DIALECT_311		0x0311
#define DSMB_DIALECT_WILDCARD		0x02ff
/* Longest Dialects array of a NEGOTIATE request; clients send a handful. */
#define DSMB_DIALECTS_MAX		64

static inline bool dsmb_dialect_is_3x(u16 dialect)
{
	return dialect >= DSMB_DIALECT_300;
}

#define DSMB_CAP_DFS			BIT(0)
#define DSMB_CAP_LEASING		BIT(1)
#define DSMB_CAP_LARGE_MTU		BIT(2)
#define DSMB_CAP_MULTI_CHANNEL		BIT(3)
#define DSMB_CAP_PERSISTENT_HANDLES	BIT(4)
#define DSMB_CAP_DIRECTORY_LEASING	BIT(5)
#define DSMB_CAP_ENCRYPTION		BIT(6)

#define DSMB_SIGNING_ENABLED		BIT(0)
#define DSMB_SIGNING_REQUIRED		BIT(1)

/* MS-SMB2 sections 2.2.3.1.2 and 2.2.3.1.7; the values are as on the wire. */
enum dsmb_cipher {
	DSMB_CIPHER_NONE,
	DSMB_CIPHER_AES128_CCM,
	DSMB_CIPHER_AES128_GCM,
	DSMB_CIPHER_AES256_CCM,
	DSMB_CIPHER_AES256_GCM,
};

enum dsmb_signing {
	DSMB_SIGNING_HMAC_SHA256,
	DSMB_SIGNING_AES_CMAC,
	DSMB_SIGNING_AES_GMAC,
};

/* Compression algorithms of MS-SMB2 section 2.2.3.1.3 except NONE; see compress/compress.h. */
#define DSMB_COMPRESSIONS		5

/**
 * struct dsmb_compression - the negotiated compression
 * @ids: Connection.CompressionIds, in the client's order
 * @count: number of @ids; 0 if nothing may be compressed
 * @chained: Connection.SupportsChainedCompression
 */
struct dsmb_compression {
	u16 ids[DSMB_COMPRESSIONS];
	u8 count;
	bool chained;
};

/* Bytes of the body of WRITE in front of the data: MS-SMB2 section 2.2.21. */
#define DSMB_WRITE_FIXED		48

/* Bytes of a payload that one credit covers: MS-SMB2 section 3.3.5.2.5. */
#define DSMB_CREDIT_BYTES		65536

/* Limits of this server. */
#define DSMB_CREDITS_MAX		8192	/* per connection */
#define DSMB_ASYNC_MAX			511	/* parked calls per connection */
#define DSMB_IO_MAX			(8 << 20) /* bytes of READ, WRITE or IOCTL */
#define DSMB_IO_MAX_SMALL		65536	/* the same, without LARGE_MTU */
#define DSMB_MESSAGE_MAX		(DSMB_IO_MAX + 65536)
#define DSMB_MESSAGE_MAX_UNAUTH		65536	/* before a login */
#define DSMB_COMPOUND_MAX		64	/* commands in one message */
#define DSMB_SESSIONS_UNPROVEN		4	/* per connection without a logged-in user */
#define DSMB_CHANNELS_MAX		32	/* per session */
#define DSMB_TREES_MAX			4096	/* per session */
#define DSMB_OPENS_MAX			16384	/* per session */

#endif
