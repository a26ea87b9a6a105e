/** Whether a request shows that it knows a token. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** @returns whether a header `authorization` is Bearer and the token; how long it takes to say says nothing of the token */
export function bearer(token: string): (authorization: string | undefined) => boolean {
  const expected = digest(token);
  return (authorization) => {
    const [, given] = /^Bearer ([\w~+/.=-]{1,500})$/i.exec(authorization ?? '') ?? [];
    return given !== undefined && timingSafeEqual(digest(given), expected);
  };
}

/** Of equal length, whatever is given. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
