/** All maps of a result as small pictures to choose from. */
import type { Result, ResultMap } from './result.ts';

export function Thumbs({
  result,
  chosen,
  onChoose,
}: {
  result: Result;
  chosen: ResultMap | 'overview';
  onChoose: (map: ResultMap | 'overview') => void;
}) {
  return (
    <ul class="thumbs" aria-label="Maps of this result">
      {result.maps.map((map) => (
        <li key={map.file.name}>
          <button type="button" aria-pressed={map === chosen} onClick={() => onChoose(map)}>
            {map.picture ? <img src={map.picture} alt="" /> : <span class="no-picture" />}
            {map.name}
          </button>
        </li>
      ))}
      {result.overview && (
        <li>
          <button type="button" aria-pressed={chosen === 'overview'} onClick={() => onChoose('overview')}>
            <img src={result.overview} alt="" />
            Overview
          </button>
        </li>
      )}
    </ul>
  );
}
