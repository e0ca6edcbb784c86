/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages between dittod and the store process ditto-offload, over SOCK_SEQPACKET: one packet is
 * one message. Both sides check the form and the length of each message; its meaning is checked
 * by the receiver.
 *
 * A packet consists of type (u32), length of the rest (u32), id (u64), and the fields of the type
 * in the order of struct offload_msg: a number as u64, any other field as its length (u32) and its
 * bytes. Both sides run on one machine, so numbers are in host byte order. At most one descriptor
 * accompanies a packet.
 *
 * dittod chooses the ids; the ids of running requests differ. Each request gets exactly one last
 * answer, OFFLOAD_FAILED or the one named below.
 *
 *  type       from     fields                             descriptor     last answer
 *  HELLO      process  number (OFFLOAD_VERSION)           -              -
 *  STORE      dittod   store, text                        CA file or -   STORED
 *  STORED     process  -                                  -              -
 *  CHECK      dittod   store                              -              CHECKED
 *  CHECKED    process  -                                  -              -
 *  PUSH       dittod   store                              the file       PUSHED
 *  PROGRESS   process  size, done, uploaded, requests     -              -
 *  PUSHED     process  size, uploaded, deduplicated,      -              -
 *                      requests, cookie
 *  FETCH      dittod   offset, length, cookie             -              FETCHED
 *  DATA       process  offset, length, start              sealed memfd   -
 *  FETCHED    process  -                                  -              -
 *  CANCEL     dittod   -                                  -              the request's
 *  FAILED     process  error, text                        -              -
 *  LIST       dittod   store, text                        -              LISTED
 *  LISTED     process  number, done, requests             memfd or -     -
 *  READ       dittod   store, text                        -              OBJECT
 *  OBJECT     process  size, requests                     memfd or -     -
 *  DELETE     dittod   store, text                        -              DELETED
 *  DELETED    process  requests                           -              -
 *  COLLECT    dittod   store, text                        names or -     COLLECTED
 *  COLLECTED  process  number, requests                   memfd or -     -
 *  REKEY      dittod   store, text                        -              REKEYED
 *  REKEYED    process  size, done, requests               -              -
 *  KEEP       dittod   store                              head           KEPT
 *  KEPT       process  size, requests                     memfd          -
 *  OWN        dittod   store, text                        -              OWNED
 *  OWNED      process  done, requests                     memfd or -     -
 *  TOLD       process  store, text                        -              -
 */
#ifndef _DITTO_OFFLOAD_MSG_H
#define _DITTO_OFFLOAD_MSG_H

#include "types.h"

/* Version of these messages, in the number of OFFLOAD_HELLO. */
#define OFFLOAD_VERSION		5
/* Longest name of a store in bytes: letters, digits, '-', '_' and '.'. */
#define OFFLOAD_STORE_MAX	64
/* Longest cookie, as in the record of an offloaded file. */
#define OFFLOAD_COOKIE_MAX	512
/* Longest settings of a store, or text of an error, in bytes. */
#define OFFLOAD_TEXT_MAX	16384
/* Longest packet in bytes. */
#define OFFLOAD_PACKET_MAX	(OFFLOAD_TEXT_MAX + 2048)
/* Most bytes of one OFFLOAD_DATA. */
#define OFFLOAD_DATA_MAX	(16U << 20)

/* The process is started with its socket here. */
#define OFFLOAD_FD		3

/**
 * enum offload_type - types of messages
 * @OFFLOAD_HELLO: the process is ready, sent once and first; id is 0
 * @OFFLOAD_STORE: define a store or replace its definition; requests that run keep the old one. The
 *	text consists of lines "key=value", see store.h; an empty text removes the store. The
 *	descriptor is the file of certificates to trust (PEM); without it, the system's
 * @OFFLOAD_STORED: the definition is valid; the store was not contacted
 * @OFFLOAD_CHECK: contact the store, with its bucket and credentials
 * @OFFLOAD_CHECKED: it answers
 * @OFFLOAD_PUSH: upload the content of a file, read by pread() from its start to its end
 * @OFFLOAD_PROGRESS: state of a push, at most four times a second; or more has come of what a fetch
 *	waits for, and then the numbers are 0
 * @OFFLOAD_PUSHED: all that @cookie names is in the bucket
 * @OFFLOAD_FETCH: fetch a range of the content that @cookie names. It must lie within it; the
 *	length is not limited
 * @OFFLOAD_DATA: bytes of that range, verified; they begin at @start in the memfd, which may hold
 *	more. The parts do not overlap and come in any order
 * @OFFLOAD_FETCHED: the whole range was sent
 * @OFFLOAD_CANCEL: end the request with this id. The answer is OFFLOAD_FAILED with ECANCELED,
 *	unless another last answer is already on its way. Ignored if there is no such request
 * @OFFLOAD_FAILED: the request failed
 * @OFFLOAD_LIST: list the objects whose names below the prefix of the store begin with the first
 *	line of the text, from the first name on that is greater than the second line
 * @OFFLOAD_LISTED: the file has a line "NAME SIZE TIME" for each of number objects, in the order of
 *	names; the time is when it was last changed, in seconds since 1970. More follow if done is
 *	1. There is no file if there are no objects
 * @OFFLOAD_READ: read the object that the text names, and compare it with its name
 * @OFFLOAD_OBJECT: it is what its name says. The file has the content unless it is a chunk
 * @OFFLOAD_DELETE: delete the object that the text names, which is none that files refer to
 * @OFFLOAD_DELETED: it is gone, or was before
 * @OFFLOAD_COLLECT: a run of gc begins, if the text is COLLECT_BEGIN; or delete the condemned
 *	objects that the lines of the file name, for the run whose number the text is, see collect.h
 * @OFFLOAD_COLLECTED: the number is the run's. The file has a line "NAME CAUSE" for each object
 *	that stays, see collect.h; there is none if all are gone
 * @OFFLOAD_REKEY: encrypt the object that the text names with the first key, see ORDER_REFERRED
 * @OFFLOAD_REKEYED: it is; done is 1 if it was not before
 * @OFFLOAD_KEEP: upload the head of a snapshot, a registration or a list of garbage, whose content
 *	the descriptor has; or only tell the name of its object, if the text is KEEP_NAME
 * @OFFLOAD_KEPT: it is in the bucket; the file has the name of its object
 * @OFFLOAD_OWN: ask the bucket whether the store is this server's, see owner.h. The text is empty,
 *	or one of OWNER_TAKE and those behind it
 * @OFFLOAD_OWNED: it is; done is 1 if that is new. The file is the object for OWNER_READ
 * @OFFLOAD_TOLD: what is known of the bucket of a store, in lines "key=value": "uuid", which is to
 *	be remembered and given with the store, before any OFFLOAD_PUSHED; "versioning", "lock",
 *	"lifecycle", "class", see bucket_config.h; and "refused", why nothing is uploaded, or
 *	empty. No answer to a request; id is 0
 * @OFFLOAD_TYPES: one more than the highest type
 */
enum offload_type {
	OFFLOAD_HELLO = 1,
	OFFLOAD_STORE,
	OFFLOAD_STORED,
	OFFLOAD_CHECK,
	OFFLOAD_CHECKED,
	OFFLOAD_PUSH,
	OFFLOAD_PROGRESS,
	OFFLOAD_PUSHED,
	OFFLOAD_FETCH,
	OFFLOAD_DATA,
	OFFLOAD_FETCHED,
	OFFLOAD_CANCEL,
	OFFLOAD_FAILED,
	OFFLOAD_LIST,
	OFFLOAD_LISTED,
	OFFLOAD_READ,
	OFFLOAD_OBJECT,
	OFFLOAD_DELETE,
	OFFLOAD_DELETED,
	OFFLOAD_REKEY,
	OFFLOAD_REKEYED,
	OFFLOAD_KEEP,
	OFFLOAD_KEPT,
	OFFLOAD_OWN,
	OFFLOAD_OWNED,
	OFFLOAD_TOLD,
	OFFLOAD_COLLECT,
	OFFLOAD_COLLECTED,
	OFFLOAD_TYPES
};

/**
 * struct offload_msg - a message
 * @type: enum offload_type; determines which other members are transmitted
 * @id: number of the request
 * @number: OFFLOAD_VERSION, number of objects, or of a run of gc
 * @error: positive errno
 * @offset: place in the file in bytes
 * @length: bytes from @offset on
 * @start: place of these bytes in the memfd
 * @size: bytes of the file
 * @done: bytes of the file that are in the bucket; 1 if there are more objects to list
 * @uploaded: bytes that were sent to the store
 * @deduplicated: bytes of the file that were in the bucket already
 * @requests: requests to the store, including repeated ones
 * @store: name of the store
 * @cookie: names the content of a file; begins with the name of its store and '\n'
 * @cookie_len: length of @cookie in bytes
 * @text: settings or a sentence, without NUL; in a decoded message it points into the packet
 * @text_len: length of @text in bytes
 */
struct offload_msg {
	u32 type;
	u64 id;
	u64 number;
	u64 error;
	u64 offset;
	u64 length;
	u64 start;
	u64 size;
	u64 done;
	u64 uploaded;
	u64 deduplicated;
	u64 requests;
	char store[OFFLOAD_STORE_MAX + 1];
	u8 cookie[OFFLOAD_COOKIE_MAX];
	size_t cookie_len;
	const char *text;
	size_t text_len;
};

/**
 * offload_msg_encode - encode a message
 * @msg: the message
 * @packet: filled
 *
 * Return: the length of the packet, 0 if the type is unknown or a field too long.
 */
size_t offload_msg_encode(const struct offload_msg *msg, u8 packet[OFFLOAD_PACKET_MAX]);

/**
 * offload_msg_decode - decode a packet
 * @msg: filled; its text points into @packet
 * @packet: the packet
 * @len: bytes of @packet
 *
 * Return: false unless it is exactly one message with every field within its limits.
 */
bool offload_msg_decode(struct offload_msg *msg, const u8 *packet, size_t len);

/**
 * offload_msg_send - send a message
 * @fd: socket
 * @msg: the message
 * @pass: descriptor to pass along, or -1; stays the caller's
 *
 * Never blocks. Return: 0, -EAGAIN (the other side does not read), another negative errno.
 */
int offload_msg_send(int fd, const struct offload_msg *msg, int pass);

/**
 * offload_msg_receive - receive a message
 * @fd: socket
 * @msg: filled; its text points into @packet
 * @packet: receive buffer
 * @passed: filled with the descriptor that was passed along, owned by the caller, or -1
 *
 * Never blocks. Return: 0, -EAGAIN (there is none), -ECONNRESET (the other side ended), -EBADMSG
 * (invalid message), another negative errno.
 */
int offload_msg_receive(int fd, struct offload_msg *msg, u8 packet[OFFLOAD_PACKET_MAX],
			int *passed);

#endif
