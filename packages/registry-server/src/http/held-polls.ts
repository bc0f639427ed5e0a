/** The polls that hang just now, so that a shutdown can answer them. */
export class HeldPolls {
  private readonly answers = new Set<(last: boolean) => void>();
  private closed = false;

  get size(): number {
    return this.answers.size;
  }

  /** @param answer ends the poll without news. Calling the result takes it out. */
  add(answer: (last: boolean) => void): () => void {
    if (this.closed) {
      answer(true);
      return () => undefined;
    }
    this.answers.add(answer);
    return () => this.answers.delete(answer);
  }

  /** Answers all that hang, and from now on each that comes, each on a connection that ends with it. */
  close(): void {
    this.closed = true;
    for (const answer of [...this.answers]) answer(true);
  }
}
