import { expect, it } from 'vitest';
import { changeText, percentText, priceText, volumeText } from '../../functions/charts/price-text.ts';

it.each([
  [4073.67, 2, '4,073.67'],
  [1.1709100000000001, 5, '1.17091'],
  [-37.63, 2, '−37.63'],
  [-0.001, 2, '0.00'],
  [1234567, 0, '1,234,567'],
  [0.1234567, 7, '0.1234567'],
  [999.995, 2, '1,000.00'],
])('price %d at %d digits is %s', (value, digits, text) => {
  expect(priceText(value, digits)).toBe(text);
});

it.each([
  [2.414, '+2.41'],
  [-2.414, '−2.41'],
  [0.004, '0.00'],
])('change %d is %s', (value, text) => {
  expect(changeText(value, 2)).toBe(text);
});

it('gives percent of the size of the base, and none of zero', () => {
  expect(percentText(4073.67, 4136.05)).toBe('+1.53%');
  expect(percentText(-10, -5)).toBe('+50.00%');
  expect(percentText(0, 5)).toBeUndefined();
});

it.each([
  [0, '0'],
  [950, '950'],
  [999.6, '1K'],
  [4418, '4.42K'],
  [143539993.3, '144M'],
  [5e15, '5000T'],
])('volume %d is %s', (volume, text) => {
  expect(volumeText(volume)).toBe(text);
});
