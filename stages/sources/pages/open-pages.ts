import { type Client, client, type Surroundings } from '../fetch/client.ts';
import { httpOf } from '../fetch/http-of.ts';
import { type PageFetcher, pageFetcher } from './fetch-page.ts';
import { type Robots, robots } from './robots.ts';
import type { PageSettings } from './settings.ts';

export interface Pages {
  readonly client: Client;
  readonly robots: Robots;
  readonly fetcher: PageFetcher;
}

/** @throws ConfigError where it is not said who is reading */
export function openPages(address: string, settings: PageSettings, surroundings?: Surroundings): Pages {
  const web = client(httpOf(address, settings.http), surroundings);
  const rules = robots(web);
  return { client: web, robots: rules, fetcher: pageFetcher(web, rules, settings) };
}
