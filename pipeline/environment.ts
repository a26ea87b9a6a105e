/** What the environment says, read once: where models are kept, the secrets, and what the terminal can show. */
import { join } from 'node:path';

/** The variables that are read, for the docs. */
export const VARIABLES = {
  HF_TOKEN: 'access token of the hub, for models and data sets that are not public',
  HF_ENDPOINT: 'address of the hub, where it is not the public one',
  HF_HOME: 'folder of the model cache, shared with the Python library; by default ~/.cache/huggingface',
  HF_HUB_OFFLINE: '1 uses cached files only, as --offline does',
  KAFKA_USERNAME: 'user of the Kafka cluster, where --sasl is given',
  KAFKA_PASSWORD: 'password of that user',
  DELTASIFT_PUSH_TOKEN: 'token that whoever sends documents to an http-push source has to know',
  SOURCE_KAFKA_USERNAME: 'user of the cluster that a kafka source reads, where it has sasl',
  SOURCE_KAFKA_PASSWORD: 'password of that user',
  SOURCE_REGISTRY_USERNAME: 'user of the schema registry of a kafka source, where it asks for one',
  SOURCE_REGISTRY_PASSWORD: 'password of that user',
  DELTASIFT_TOKEN: 'token that the API asks for; where it is not set one is made and printed',
  REGISTRY_USERNAME: 'user of the schema registry, where it asks for one',
  REGISTRY_PASSWORD: 'password of that user',
  REGISTRY_TOKEN: 'bearer token for the schema registry, in place of user and password',
  NO_COLOR: 'any value: no colours',
  COLORTERM: 'truecolor: shades of 24 bits rather than the 256 colours',
} as const;

/** Colours a terminal can show. */
export type Colors = 'none' | '256' | 'truecolor';

/** Those that sources ask for. */
const SOURCE_SECRETS = [
  'HF_TOKEN',
  'HF_ENDPOINT',
  'DELTASIFT_PUSH_TOKEN',
  'SOURCE_KAFKA_USERNAME',
  'SOURCE_KAFKA_PASSWORD',
  'SOURCE_REGISTRY_USERNAME',
  'SOURCE_REGISTRY_PASSWORD',
] as const satisfies readonly (keyof typeof VARIABLES)[];

export interface Environment {
  /** HF_TOKEN */
  readonly token: string | undefined;
  /** HF_ENDPOINT: address of the hub */
  readonly hub: string | undefined;
  /** HF_HOME, else where the Python library keeps it: folder of the model cache */
  readonly cache: string;
  /** HF_HUB_OFFLINE */
  readonly offline: boolean;
  /** KAFKA_USERNAME, KAFKA_PASSWORD */
  readonly kafka?: { readonly username: string | undefined; readonly password: string | undefined };
  /** DELTASIFT_TOKEN */
  readonly apiToken?: string | undefined;
  /** REGISTRY_USERNAME, REGISTRY_PASSWORD, REGISTRY_TOKEN */
  readonly registry?: {
    readonly username: string | undefined;
    readonly password: string | undefined;
    readonly token: string | undefined;
  };
  /** By name. */
  readonly sourceSecrets?: Readonly<Record<string, string | undefined>>;
  readonly colors: Colors;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** @param home home directory of the user */
export function environmentOf(variables: Variables, home: string, isTerminal: boolean): Environment {
  const set = (name: string): string | undefined => variables[name] || undefined; // empty is as good as unset
  return {
    token: set('HF_TOKEN'),
    hub: set('HF_ENDPOINT'),
    cache: set('HF_HOME') ?? join(set('XDG_CACHE_HOME') ?? join(home, '.cache'), 'huggingface'),
    offline: /^(1|on|yes|true)$/i.test(set('HF_HUB_OFFLINE') ?? ''),
    kafka: { username: set('KAFKA_USERNAME'), password: set('KAFKA_PASSWORD') },
    apiToken: set('DELTASIFT_TOKEN'),
    registry: {
      username: set('REGISTRY_USERNAME'),
      password: set('REGISTRY_PASSWORD'),
      token: set('REGISTRY_TOKEN'),
    },
    sourceSecrets: Object.fromEntries(SOURCE_SECRETS.map((name) => [name, set(name)])),
    colors: colorsOf(variables, isTerminal),
  };
}

/** NO_COLOR (no-color.org) wins over all; a stream that is no terminal gets none. */
function colorsOf(variables: Variables, isTerminal: boolean): Colors {
  if (variables['NO_COLOR'] || !isTerminal || variables['TERM'] === 'dumb') return 'none';
  return /^(truecolor|24bit)$/i.test(variables['COLORTERM'] ?? '') ? 'truecolor' : '256';
}
