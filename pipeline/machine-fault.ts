const STORE = /^SQLITE_(FULL|IOERR|CANTOPEN|READONLY|CORRUPT|NOTADB)/;
/** Of libraries that pass on the code of the system's error, but not the call. */
const NETWORK = /^(ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)/;
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'SQLITE_FULL', 'SQLITE_IOERR_WRITE']);

/**
 * What this machine or its network refused, such as room on a disk, in words; undefined where something else is at fault. It is
 * found in the error or in what caused it.
 */
export function machineFault(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code, syscall } = cause as NodeJS.ErrnoException;
    const isStore = STORE.test(code ?? '');
    if (!isStore && syscall === undefined && !NETWORK.test(code ?? '')) continue;
    const { message } = error as Error;
    const what = isStore ? `the store cannot be used: ${message} (${code})` : message;
    return FULL.has(code ?? '') ? `${what}; is the disk full?` : what;
  }
  return undefined;
}
