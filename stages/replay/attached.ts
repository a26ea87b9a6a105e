/** A document's encoded replay record goes with what is known of it, inside of a leg; on a topic it is a message of its own. */
export type WithReplay<T> = T & { readonly replay?: Buffer | undefined };
