@business_data
Feature: What an agent worked out is kept exactly
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Let customers build their own reports on our answers
  Value impact:     A figure read next year is the figure that was worked out today
  Strategic impact: Answers that never change on the way can be used in audits

  @DBL-03 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: An agent's rich state is kept exactly

    @smoke
    Scenario Outline: A rich state reads back as the agent left it
      Given Acme is <a plan> customer
      When Acme runs an agent that leaves a rich state
      Then the state reads back exactly as the agent left it
      And it reads the same in the conversation

      Examples:
        | a plan |
        | a Free |
        | a Mid  |

    @gate
    Scenario Outline: A megabyte of text is kept to its last letter
      Given Acme is <a plan> customer
      When Acme runs an agent that leaves a megabyte of text
      Then the state reads back exactly as the agent left it
      And it reads the same in the conversation

      Examples:
        | a plan        |
        | an Early      |
        | an Enterprise |
