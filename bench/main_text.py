"""Reads a WARC file with warcio and takes the main text of its pages with trafilatura: a JSON line a page, {url, text}, and at last {cpu}."""

import json
import sys
import time

import trafilatura
from warcio.archiveiterator import ArchiveIterator

start = time.process_time()
with open(sys.argv[1], "rb") as stream:
    for record in ArchiveIterator(stream):
        if record.rec_type != "response" or record.http_headers is None:
            continue
        if record.http_headers.get_statuscode() != "200":
            continue
        html = record.content_stream().read()
        text = trafilatura.extract(html, include_comments=False) or ""
        print(json.dumps({"url": record.rec_headers.get_header("WARC-Target-URI"), "text": text}))
print(json.dumps({"cpu": time.process_time() - start, "version": trafilatura.__version__}))
