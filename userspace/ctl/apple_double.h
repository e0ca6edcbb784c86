/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AppleDouble files (RFC 1740 appendix B): what macOS keeps of a file in a second one, "._NAME",
 * where it finds neither streams nor extended attributes. Behind FinderInfo macOS appends a table
 * of extended attributes ("ATTR"), whose offsets count from the start of the file. All numbers are
 * big endian.
 */
#ifndef _DITTO_CTL_APPLE_DOUBLE_H
#define _DITTO_CTL_APPLE_DOUBLE_H

#include <stddef.h>

#include "common/types.h"

struct why;

/* Bytes of the stream AFP_AfpInfo. */
#define APPLE_INFO_SIZE	60
/* Resource fork, FinderInfo, and as many attributes as macOS takes at most. */
#define APPLE_STREAMS_MAX	130

/**
 * struct apple_stream - a stream that an AppleDouble file becomes
 * @name: its name, terminated
 * @data: its data; in the file, or in struct apple_double
 * @len: bytes of @data
 */
struct apple_stream {
	char name[256];
	const u8 *data;
	size_t len;
};

/**
 * struct apple_double - the contents of an AppleDouble file
 * @info: AFP_AfpInfo, if it is among @streams
 * @count: number of @streams
 * @streams: as a client of macOS would have made them
 */
struct apple_double {
	u8 info[APPLE_INFO_SIZE];
	unsigned int count;
	struct apple_stream streams[APPLE_STREAMS_MAX];
};

/* True if a file begins as an AppleDouble file does. */
bool apple_double_is(const u8 *data, size_t len);
/*
 * Parse a file. Returns false with @why if it is damaged, or has something that no stream can keep.
 */
bool apple_double_parse(const u8 *data, size_t len, struct apple_double *out, struct why *why);

#endif
