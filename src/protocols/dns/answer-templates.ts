import { inquiryOf, type AnswerSources } from './answers.ts';
import { templateOf, type AnswerTemplate, type TemplateOptions } from './answer-template.ts';
import { udpLimits } from './limits.ts';
import type { DnsInstance } from './lookup.ts';
import { parseName, type NameTarget } from './names.ts';
import type { QuickQuery } from './quick-query.ts';
import { answerService } from './service-answers.ts';
import type { WireName } from './wire-name.ts';
import { CLASS_IN } from './wire-record.ts';

interface Held {
  /** Of the catalog when this was last known to hold. */
  revision: number;
  readonly instances: readonly DnsInstance[];
  readonly target: ServiceTarget;
  /** Absent where the answers are not of addresses alone. */
  readonly template: AnswerTemplate | undefined;
}

type ServiceTarget = Extract<NameTarget, { kind: 'service' }>;

const MAX_HELD = 10_000;
/** Bounds memory, at 100 to 300 bytes a record. */
const MAX_RECORDS = 500_000;
const NON_ASCII = /[^\0-\x7f]/;

/** Answers questions for the addresses of services over UDP from templates, made once per change of a service. */
export class AnswerTemplates {
  readonly #sources: AnswerSources;
  readonly #options: TemplateOptions;
  readonly #udpAnswerLimit: number;
  readonly #held = new Map<string, Held>();
  #records = 0;

  constructor(sources: AnswerSources, options: TemplateOptions, udpAnswerLimit: number) {
    this.#sources = sources;
    this.#options = options;
    this.#udpAnswerLimit = udpAnswerLimit;
  }

  /** The answer, or `undefined` for what has no template: anything else than known services with addresses. */
  answer(packet: Buffer, query: QuickQuery): Buffer | undefined {
    const { template } = this.#hold(query) ?? {};
    const limits = udpLimits(query.ednsSizeBytes ?? 0, this.#udpAnswerLimit);
    return template?.write(packet, query, limits, this.#options);
  }

  #hold(query: QuickQuery): Held | undefined {
    const { catalog } = this.#sources;
    const key = query.name + String.fromCharCode(query.type);
    const held = this.#held.get(key);
    const revision = catalog.revision();
    if (held?.revision === revision) return held;
    const target = held?.target ?? serviceTarget(query, catalog.datacenter);
    const instances = target && catalog.service(target.service, target.tag);
    if (held !== undefined && held.instances === instances) {
      held.revision = revision;
      return held;
    }
    this.#drop(key, held);
    // Names without an instance are not kept: anybody could fill the memory with them.
    if (target === undefined || instances === undefined || instances.length === 0) return undefined;
    const made = { revision, instances, target, template: this.#make(query, target, instances) };
    this.#keep(key, made);
    return made;
  }

  #make(
    query: QuickQuery,
    target: ServiceTarget,
    instances: readonly DnsInstance[],
  ): AnswerTemplate | undefined {
    const name = wireNameOf(query);
    const own = parseName(name, query.type);
    if (own === undefined) return undefined;
    const question = { name, type: query.type, class: CLASS_IN };
    const asker = { clientAddress: undefined, maxAnswers: Infinity };
    const inquiry = inquiryOf(question, own, this.#sources, asker);
    const ttlSeconds = this.#sources.policy.serviceTtlSeconds(target.service);
    return templateOf(answerService(instances, inquiry, ttlSeconds), name);
  }

  #keep(key: string, held: Held): void {
    if (this.#held.size >= MAX_HELD || this.#records >= MAX_RECORDS) {
      this.#held.clear();
      this.#records = 0;
    }
    this.#held.set(key, held);
    this.#records += held.template?.size ?? 0;
  }

  #drop(key: string, held: Held | undefined): void {
    if (held === undefined) return;
    this.#held.delete(key);
    this.#records -= held.template?.size ?? 0;
  }
}

function serviceTarget(query: QuickQuery, datacenter: string): ServiceTarget | undefined {
  if (NON_ASCII.test(query.name)) return undefined;
  const target = parseName(wireNameOf(query), query.type)?.target;
  if (target?.kind !== 'service') return undefined;
  const isHere = target.datacenter === undefined || target.datacenter === datacenter.toLowerCase();
  return isHere ? target : undefined;
}

function wireNameOf({ name }: QuickQuery): WireName {
  return name.slice(0, -1);
}
