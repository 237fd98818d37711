/** What moto (5.2.5) does not do as DynamoDB does: name of the case -> what it does instead. */
export const MOTO_GAPS: Readonly<Record<string, string>> = {
  'numbers are canonical: no exponent, no needless zeros':
    'moto keeps numbers as they were written, even wrong ones',
  'a hundred concurrent additions all count': 'moto loses some of them, sometimes',
  'keys must fit the schema': 'moto does not check the type of index attributes',
  'an item has at most 400 KB, names and UTF-8 included': 'moto ends 4 KB early',
  'consumed capacity is answered when asked': 'moto always counts one unit and no index',
  'conditions hold as documented':
    'moto answers 500 to comparisons of different types, has no functions of bytes',
  'wrong conditions are refused': 'moto answers 500 or evaluates most of them',
  'all parts of an update read the item as it was': 'moto answers 500 to a path that is copied into itself',
  'list indexes mean the list as it was; beyond its end they append': 'moto shifts the list between actions',
  'return values of an update': 'moto answers whole attributes instead of the updated paths',
  'wrong updates are refused and change nothing': 'moto sets a member of a number',
  'conditions on a text sort key, in the order of UTF-8': 'moto wants the key on the left of a comparison',
  'projections answer the named parts only': 'moto answers one element of a list only',
  'an index of keys answers keys only': 'moto answers attributes that the index does not project',
  'wrong key conditions are refused': 'moto answers 500 or takes the last condition of a key',
  'the segments of a scan have every item once, so do its pages': 'moto answers 500',
  'a repeated token does not repeat the transaction': 'moto repeats it',
  'of racing transactions on the same items each happens whole or not at all': 'moto mixes transactions',
  'a hundred members are taken, more or twice the same item are refused':
    'moto takes a member with two operations and ignores the projection of a transactional read',
  'batches that are too long or name an item twice are refused': 'moto takes batches of any length',
  'wrong tables are refused': 'moto takes table names of one letter',
  'an index added later has the items from before and after, and can be deleted':
    'moto takes an index that exists, answers 500 after an index is deleted',
  'time to live is switched on and off': 'moto switches on what is on',
};
