@api
Feature: A run can be followed by asking alone
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Let partners build on the product with the simplest of means
  Value impact:     A program of twenty lines can order an analysis and use its result
  Strategic impact: What is easy to integrate becomes part of other people's products

  @API-01 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: Asking, looking again and reading the result need no live connection, and every answer is as published

    @smoke
    Scenario Outline: A program asks, looks again until the run has ended, and reads the result
      Given Acme is <a plan> customer with stored usage
      When Acme asks for a usage report and looks again until it has ended
      Then the answer equals the totals of Acme's own usage
      And every answer on the way was as published

      Examples:
        | a plan        |
        | a Free        |
        | an Enterprise |

    @gate
    Scenario: What cannot be granted is answered as published, too
      Given Acme is an Early customer
      And Ben of Acme is a member
      When Ben of Acme asks for what cannot be granted
      Then every answer on the way was as published
