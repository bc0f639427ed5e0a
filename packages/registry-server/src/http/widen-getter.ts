/**
 * Has a getter that `type` inherits say yes for one more reason. Node's types have these as fields, which a class cannot
 * override with a getter.
 */
export function widenGetter<T extends object>(
  type: { prototype: T },
  name: keyof T,
  also: (it: T) => boolean,
): void {
  const parent = Object.getPrototypeOf(Object.getPrototypeOf(type.prototype)) as object;
  const inherited = Object.getOwnPropertyDescriptor(parent, name)?.get;
  Object.defineProperty(type.prototype, name, {
    get(this: T) {
      return also(this) || inherited?.call(this) === true;
    },
  });
}
