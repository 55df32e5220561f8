@business_data
Feature: Agents' results are stored exactly
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Let customers build their own reports on stored results
  Value impact:     A figure read next year equals the figure computed today, to the last digit
  Strategic impact: Results that storage never alters can be used in audits

  @DBL-03 @segment.free @segment.early @segment.mid @segment.enterprise
  @needs.conversations
  Rule: An agent's result is stored exactly, however nested, precise or large

    @smoke
    Scenario Outline: Nested data, decimals and Unicode read back unchanged
      Given Acme is <a plan> customer
      When Acme runs an agent that returns nested data, decimals and Unicode
      Then the stored result equals what the agent returned
      And the conversation shows what the agent returned

      Examples:
        | a plan |
        | a Free |
        | a Mid  |

    @gate
    Scenario Outline: A megabyte of text reads back complete
      Given Acme is <a plan> customer
      When Acme runs an agent that returns a megabyte of text
      Then the stored result equals what the agent returned
      And the conversation shows what the agent returned

      Examples:
        | a plan        |
        | an Early      |
        | an Enterprise |
