/* SPDX-License-Identifier: GPL-2.0-only */
/* An object store in a process of its own, which misbehaves as told. */
#ifndef _DITTO_TESTS_S3_SERVER_H
#define _DITTO_TESTS_S3_SERVER_H

#include <sys/types.h>

#include "common/types.h"

/**
 * enum s3_fault - what goes wrong
 * @S3_GOOD: nothing
 * @S3_ERROR: status 500
 * @S3_SLOW_DOWN: status 503, code SlowDown
 * @S3_EXPECTATION: status 417, without a body
 * @S3_CLOSE: the connection is closed without an answer
 * @S3_SILENT: there is no answer for as long as the client waits
 * @S3_TRUNCATED: half of the object comes
 * @S3_WRONG: one byte of the object is another one
 * @S3_SHORT: the object has lost its last byte
 * @S3_LONG: the object has 32 MiB more
 * @S3_ETAG: the ETag is that of another object
 * @S3_DENIED: status 403, without a body
 * @S3_LOST: status 404, code NoSuchKey
 * @S3_NO_BUCKET: status 404, code NoSuchBucket
 * @S3_SIGNATURE: status 403, code SignatureDoesNotMatch
 * @S3_SKEW: status 403, code RequestTimeTooSkewed, by a clock that is two hours behind
 * @S3_QUOTA: status 403, code QuotaExceeded
 * @S3_NO_RANGE: the whole object comes although a part of it was wanted
 * @S3_HTML: status 502 of a proxy, with a long page
 * @S3_PAGE: status 200 of a proxy, with a page
 * @S3_SLOW: the object comes in pieces, with pauses
 * @S3_LAGS: HEAD finds objects that are not there, as a copy that lags behind
 * @S3_NO_CONDITIONS: status 501 for uploads with If-None-Match
 * @S3_NO_CHECKSUM: status 501 for uploads with a checksum in a header of Amazon's
 * @S3_BAD_CHECKSUM: the same with status 400
 * @S3_ARCHIVED: the object is in an archive
 * @S3_NO_BULK: status 501 for requests that delete many objects
 * @S3_LATE: what is to be deleted is deleted some time after the client has stopped to wait
 * @S3_KEEPS: of many objects that are to be deleted, the first one stays, and the last one is not
 *	mentioned
 */
enum s3_fault {
	S3_GOOD,
	S3_ERROR,
	S3_SLOW_DOWN,
	S3_EXPECTATION,
	S3_CLOSE,
	S3_SILENT,
	S3_TRUNCATED,
	S3_WRONG,
	S3_SHORT,
	S3_LONG,
	S3_ETAG,
	S3_DENIED,
	S3_LOST,
	S3_NO_BUCKET,
	S3_SIGNATURE,
	S3_SKEW,
	S3_QUOTA,
	S3_NO_RANGE,
	S3_HTML,
	S3_PAGE,
	S3_SLOW,
	S3_LAGS,
	S3_NO_CONDITIONS,
	S3_NO_CHECKSUM,
	S3_BAD_CHECKSUM,
	S3_ARCHIVED,
	S3_NO_BULK,
	S3_LATE,
	S3_KEEPS,
};

/**
 * struct s3_server - the server; both processes see it
 * @port: its port on 127.0.0.1
 * @pid: its process
 * @fault: enum s3_fault
 * @method: first letter of the method that has the fault, 'L' for lists, 'O' for requests that
 *	delete many objects, or 0 for all
 * @times: requests that have the fault before all is good again
 * @gets: requests by method, without lists
 * @heads: the same
 * @puts: the same
 * @deletes: the same, for one object each
 * @lists: requests for lists
 * @bulks: requests that delete many objects
 * @puts_before: uploads before the last of these that was carried out
 * @late: requests with S3_LATE that were carried out
 * @busy: requests that are answered now
 * @busiest: most at once
 * @bad: uploads with another hash than in a header, and requests whose signature lacks a header
 * @expects: requests with "Expect"
 * @tokens: requests with the token of a session
 * @sums: uploads with a checksum in a header of Amazon's
 * @objects: objects that are stored
 * @config_status: status of the answers about the bucket's configuration, or 0
 * @versioning: the bucket's configuration, of which there is none if it is empty
 * @lock: the same
 * @lifecycle: the same
 */
struct s3_server {
	int port;
	pid_t pid;
	int fault;
	int method;
	int times;
	int gets;
	int heads;
	int puts;
	int deletes;
	int lists;
	int bulks;
	int puts_before;
	int late;
	int busy;
	int busiest;
	int bad;
	int expects;
	int tokens;
	int sums;
	int objects;
	int config_status;
	char versioning[512];
	char lock[512];
	char lifecycle[1024];
};

/* Start a server without objects. Returns NULL on errors. */
struct s3_server *s3_server_start(void);
/* Stop it. */
void s3_server_stop(struct s3_server *s);
/* Let the next @times requests with @method, or all for 0, have a fault. Resets the counters. */
void s3_server_fault(struct s3_server *s, enum s3_fault fault, int method, int times);

#endif
