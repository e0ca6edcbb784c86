/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Elements of the answers of stores (Amazon S3 API). No parser of XML is needed: what Ditto looks
 * for are elements without attributes, with text that XML does not escape. The answers are
 * hostile: nothing behind their ends is read, and no text is longer than its buffer.
 */
#ifndef _DITTO_OFFLOAD_XML_H
#define _DITTO_OFFLOAD_XML_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the longest name of an element, with the NUL. */
#define XML_NAME_SIZE	64

/**
 * struct xml - a part of an answer
 * @at: its first byte
 * @len: bytes
 */
struct xml {
	const char *at;
	size_t len;
};

/**
 * xml_text - find the text of the first element with a name
 * @xml: where to look
 * @name: name of the element
 * @text: filled; "" if there is none
 * @size: bytes of @text
 *
 * Return: false if there is none, or it is too long.
 */
bool xml_text(struct xml xml, const char *name, char *text, size_t size);

/**
 * xml_next - find the next element with a name
 * @xml: where to look; afterwards what is behind the element
 * @name: name of the element
 * @inner: filled with what is in the element
 *
 * Return: false if there is none, or @xml is not finished: then @inner->at is NULL if there is no
 * start of one either.
 */
bool xml_next(struct xml *xml, const char *name, struct xml *inner);

/* Return whether there is an element with a name, with attributes or without. */
bool xml_has(struct xml xml, const char *name);

#endif
