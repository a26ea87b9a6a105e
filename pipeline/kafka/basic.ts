/** The value of an Authorization header of the scheme Basic (RFC 7617); none without a name. */
export function basic(username: string | undefined, password: string | undefined): string | undefined {
  return username === undefined
    ? undefined
    : `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
}
