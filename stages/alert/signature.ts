/** Numbers of the signature that an alert carries of its document: two are compared to within .06. */
export const SIGNATURE = 64;
